//! An unknown span, with no similar name.

use telemetry_runtime::agent_span;

#[agent_span(banana)]
fn summarise() {}

fn main() {
    summarise();
}
