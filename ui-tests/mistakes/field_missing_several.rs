//! Several required fields that are missing.

use telemetry_runtime::agent_span;

#[agent_span(llm_turn)]
fn complete(prompt: &str) -> String {
    prompt.to_owned()
}

fn main() {
    complete("hello");
}
