//! A value whose type nothing tells.

use telemetry_runtime::agent_span;

#[agent_span(agent, fields(user = None))]
fn run() {}

fn main() {
    run();
}
