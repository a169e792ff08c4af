//! A parameter that cannot be recorded.

use telemetry_runtime::agent_span;

struct Message;

#[agent_span(agent_message, stop(|length| iterations = *length))]
fn handle(message: &[Message]) -> usize {
    message.len()
}

fn main() {
    handle(&[]);
}
