//! A value that does not exist.

use telemetry_runtime::agent_span;

#[agent_span(llm_request, model = modle, message_count = 3)]
fn request(model: &str) -> usize {
    model.len()
}

fn main() {
    request("gpt-4o");
}
