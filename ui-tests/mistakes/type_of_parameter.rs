//! A parameter of the wrong type, recorded by its name.

use telemetry_runtime::agent_span;

#[agent_span(iteration, stop(|_done| action = "done"))]
fn step(iteration: &str) -> bool {
    iteration.is_empty()
}

fn main() {
    step("first");
}
