//! A stop key given twice.

use telemetry_runtime::agent_span;

#[agent_span(iteration, stop(|step| action = step.as_str(), action = "done"))]
fn step(iteration: u32) -> String {
    iteration.to_string()
}

fn main() {
    step(1);
}
