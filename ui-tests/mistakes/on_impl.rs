//! An attribute on an `impl`.

use telemetry_runtime::agent_span;

struct Assistant;

#[agent_span(agent)]
impl Assistant {
    fn run(&self) {}
}

fn main() {
    Assistant.run();
}
