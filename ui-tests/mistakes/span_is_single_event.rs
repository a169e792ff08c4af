//! A single event, used as a span.

use telemetry_runtime::agent_span;

#[agent_span(compact)]
fn compact() {}

fn main() {
    compact();
}
