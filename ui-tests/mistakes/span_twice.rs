//! Two spans in one attribute.

use telemetry_runtime::agent_span;

#[agent_span(agent, run)]
fn start() {}

fn main() {
    start();
}
