//! A span that is not the first argument.

use telemetry_runtime::agent_span;

#[agent_span(operation = "summarise", operation)]
fn summarise() {}

fn main() {
    summarise();
}
