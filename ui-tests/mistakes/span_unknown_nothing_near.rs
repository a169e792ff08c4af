//! A span's name that is like none.

use telemetry_runtime::agent_span;

#[agent_span(banana)]
fn summarise() {}

fn main() {
    summarise();
}
