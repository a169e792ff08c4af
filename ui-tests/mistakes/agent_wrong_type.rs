//! An agent name that is not text.

use telemetry_runtime::agent_span;

#[agent_span(agent, agent = 3)]
fn run() {}

fn main() {
    run();
}
