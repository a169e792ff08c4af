//! A path to the runtime that leads nowhere.

use telemetry_runtime::agent_span;

#[agent_span(agent, crate = telemetry)]
fn run() {}

fn main() {
    run();
}
