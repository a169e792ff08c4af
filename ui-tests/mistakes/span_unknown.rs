//! A misspelled span.

use telemetry_runtime::agent_span;

#[agent_span(operaton, operation = "summarise")]
fn summarise() {}

fn main() {
    summarise();
}
