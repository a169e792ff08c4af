//! A key that comes from the context.

use telemetry_runtime::agent_span;

#[agent_span(operation, operation = "summarise", session_id = "s-1")]
fn summarise() {}

fn main() {
    summarise();
}
