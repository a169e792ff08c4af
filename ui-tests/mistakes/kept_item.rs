//! A mistake in the attribute of a method: what calls the method is not told off.

use telemetry_runtime::agent_span;

struct Assistant;

impl Assistant {
    #[agent_span(agnet)]
    async fn run(&self, prompt: &str) -> usize {
        prompt.len()
    }
}

async fn answer() -> usize {
    Assistant.run("hello").await
}

fn main() {
    drop(answer());
}
