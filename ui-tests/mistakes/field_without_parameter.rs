//! A field without a value, and no parameter of that name.

use telemetry_runtime::agent_span;

#[agent_span(llm_request, model, message_count = 3)]
fn request(modell: &str) -> usize {
    modell.len()
}

fn main() {
    request("gpt-4o");
}
