//! An unknown stop key, with no similar name.

use telemetry_runtime::agent_span;

#[agent_span(agent, stop(|answer| answer = answer.as_str()))]
fn run(prompt: String) -> String {
    prompt
}

fn main() {
    run(String::new());
}
