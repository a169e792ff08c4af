//! An unknown field, with no similar name.

use telemetry_runtime::agent_span;

#[agent_span(agent, question = question)]
fn run(question: &str) {}

fn main() {
    run("hello");
}
