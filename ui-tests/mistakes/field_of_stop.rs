//! A stop key, given at the start.

use telemetry_runtime::agent_span;

#[agent_span(agent_message, message = message, iterations = 3)]
fn handle(message: &str) -> usize {
    message.len()
}

fn main() {
    handle("hello");
}
