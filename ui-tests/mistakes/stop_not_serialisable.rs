//! A stop value that cannot be recorded.

use telemetry_runtime::agent_span;

struct Step;

#[agent_span(iteration, stop(|step| action = step))]
fn step(iteration: u32) -> Step {
    assert!(iteration > 0);
    Step
}

fn main() {
    step(1);
}
