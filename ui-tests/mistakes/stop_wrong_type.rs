//! A stop value of the wrong type.

use telemetry_runtime::agent_span;

#[agent_span(agent_message, stop(|answer| iterations = answer.as_str()))]
fn handle(message: &str) -> String {
    message.to_owned()
}

fn main() {
    handle("hello");
}
