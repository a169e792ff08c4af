//! A return type that does not say what the stop event carries.

use telemetry_runtime::agent_span;

struct Step {
    action: String,
}

#[agent_span(iteration)]
fn step(iteration: u32) -> Step {
    Step { action: iteration.to_string() }
}

fn main() {
    let _ = step(1).action;
}
