//! A span named like an event that stands alone.

use telemetry_runtime::agent_span;

#[agent_span(compact)]
fn compact() {}

fn main() {
    compact();
}
