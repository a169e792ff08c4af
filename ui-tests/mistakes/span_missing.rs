//! A missing span.

use telemetry_runtime::agent_span;

#[agent_span]
fn bare() {}

#[agent_span()]
fn empty() {}

fn main() {
    bare();
    empty();
}
