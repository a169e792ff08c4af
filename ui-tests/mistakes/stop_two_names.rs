//! `stop` with two names for the value.

use telemetry_runtime::agent_span;

#[agent_span(iteration, stop(|step, error| action = step.as_str()))]
fn step(iteration: u32) -> String {
    iteration.to_string()
}

fn main() {
    step(1);
}
