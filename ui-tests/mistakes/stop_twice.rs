//! `stop` given twice.

use telemetry_runtime::agent_span;

#[agent_span(agent_message, message = "hi", stop(|n| iterations = *n), stop(|n| result = n))]
fn handle() -> u32 {
    1
}

fn main() {
    handle();
}
