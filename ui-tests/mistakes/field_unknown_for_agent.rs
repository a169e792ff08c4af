//! A field of a span that has none.

use telemetry_runtime::agent_span;

#[agent_span(agent, prompt = prompt)]
fn run(prompt: &str) {}

fn main() {
    run("hello");
}
