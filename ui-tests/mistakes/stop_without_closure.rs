//! `stop` without a name for the value.

use telemetry_runtime::agent_span;

#[agent_span(iteration, stop(action = "done"))]
fn step(iteration: u32) -> String {
    iteration.to_string()
}

fn main() {
    step(1);
}
