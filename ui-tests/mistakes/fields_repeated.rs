//! A key of one's own given twice.

use telemetry_runtime::agent_span;

#[agent_span(agent, fields(user = "u-1", user = "u-2"))]
fn run() {}

fn main() {
    run();
}
