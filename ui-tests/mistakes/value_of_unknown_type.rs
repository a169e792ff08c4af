//! A value whose type cannot be inferred.

use telemetry_runtime::agent_span;

#[agent_span(agent, fields(user = None))]
fn run() {}

fn main() {
    run();
}
