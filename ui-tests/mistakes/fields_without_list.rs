//! `fields` without its list.

use telemetry_runtime::agent_span;

#[agent_span(agent, fields = "u-1")]
fn run() {}

fn main() {
    run();
}
