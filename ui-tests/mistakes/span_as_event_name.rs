//! An event prefix instead of a span name.

use telemetry_runtime::agent_span;

#[agent_span(condukt.agent)]
fn run() {}

fn main() {
    run();
}
