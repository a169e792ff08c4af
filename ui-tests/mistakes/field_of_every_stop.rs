//! The status, given at the start.

use telemetry_runtime::agent_span;

#[agent_span(operation, operation = "summarise", status = "cancel")]
fn summarise() {}

fn main() {
    summarise();
}
