//! A return type that does not give the stop keys.

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
