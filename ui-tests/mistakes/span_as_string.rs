//! A span name in quotes.

use telemetry_runtime::agent_span;

#[agent_span("agent")]
fn run() {}

fn main() {
    run();
}
