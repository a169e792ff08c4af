//! A measurement that the library takes.

use telemetry_runtime::agent_span;

#[agent_span(operation, operation = "summarise", duration = 3)]
fn summarise() {}

fn main() {
    summarise();
}
