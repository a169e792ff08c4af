//! A start key inside `stop(..)`.

use telemetry_runtime::agent_span;

#[agent_span(agent_message, message = "hello", stop(|answer| message = answer.as_str()))]
fn handle() -> String {
    String::new()
}

fn main() {
    handle();
}
