//! `item` without `stream`.

use telemetry_runtime::agent_span;

#[agent_span(iteration, item(|chunk| action = chunk))]
fn step(iteration: u32) -> String {
    iteration.to_string()
}

fn main() {
    step(1);
}
