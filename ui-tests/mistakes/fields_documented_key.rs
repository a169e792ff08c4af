//! A documented key inside `fields(..)`.

use telemetry_runtime::agent_span;

#[agent_span(operation, operation = "summarise", fields(operation = "other", user = "u-1"))]
fn summarise() {}

fn main() {
    summarise();
}
