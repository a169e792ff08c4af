//! A misspelled stop key.

use telemetry_runtime::agent_span;

#[agent_span(iteration, stop(|step| acton = step.as_str()))]
fn step(iteration: u32) -> String {
    iteration.to_string()
}

fn main() {
    step(1);
}
