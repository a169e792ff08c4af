//! A field that the return value does not have.

use telemetry_runtime::agent_span;

struct Step {
    action: String,
}

#[agent_span(iteration, stop(|step| action = step.acton.as_str()))]
fn step(iteration: u32) -> Step {
    Step { action: iteration.to_string() }
}

fn main() {
    let _ = step(1).action;
}
