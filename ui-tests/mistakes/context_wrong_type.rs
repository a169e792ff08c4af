//! A context that is none.

use telemetry_runtime::agent_span;

#[agent_span(agent, context = "s-1")]
fn run() {}

fn main() {
    run();
}
