//! An attribute on a function without a body.

use telemetry_runtime::agent_span;

trait Assistant {
    #[agent_span(agent)]
    fn run(&self, prompt: &str) -> String;
}

struct Echo;

impl Assistant for Echo {
    fn run(&self, prompt: &str) -> String {
        prompt.to_owned()
    }
}

fn main() {
    Echo.run("hello");
}
