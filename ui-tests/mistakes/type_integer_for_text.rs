//! An integer where text is expected.

use telemetry_runtime::agent_span;

#[agent_span(operation, operation = 3)]
fn summarise() {}

fn main() {
    summarise();
}
