//! A `crate` path that does not exist.

use telemetry_runtime::agent_span;

#[agent_span(agent, crate = telemetry)]
fn run() {}

fn main() {
    run();
}
