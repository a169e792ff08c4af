//! A number where the documents have a text.

use telemetry_runtime::agent_span;

#[agent_span(operation, operation = 3)]
fn summarise() {}

fn main() {
    summarise();
}
