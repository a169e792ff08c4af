//! A parameter, taken by its name, of another type than the documents'.

use telemetry_runtime::agent_span;

#[agent_span(iteration, stop(|_done| action = "done"))]
fn step(iteration: &str) -> bool {
    iteration.is_empty()
}

fn main() {
    step("first");
}
