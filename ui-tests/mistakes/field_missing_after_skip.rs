//! A required field whose parameter is skipped.

use telemetry_runtime::agent_span;

#[agent_span(llm_request, skip(model), message_count = 3)]
fn request(model: &str) -> usize {
    model.len()
}

fn main() {
    request("gpt-4o");
}
