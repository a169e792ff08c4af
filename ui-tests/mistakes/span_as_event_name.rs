//! An event's name for a span's.

use telemetry_runtime::agent_span;

#[agent_span(condukt.agent)]
fn run() {}

fn main() {
    run();
}
