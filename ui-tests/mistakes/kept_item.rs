//! A mistake on a method causes no errors where the method is called.

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
