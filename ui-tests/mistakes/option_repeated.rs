//! An option given twice.

use telemetry_runtime::agent_span;

#[agent_span(agent, agent = "a", skip_all, agent = "b", skip_all)]
fn run() {}

fn main() {
    run();
}
