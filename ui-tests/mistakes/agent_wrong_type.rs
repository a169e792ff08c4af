//! An agent's name that is no text.

use telemetry_runtime::agent_span;

#[agent_span(agent, agent = 3)]
fn run() {}

fn main() {
    run();
}
