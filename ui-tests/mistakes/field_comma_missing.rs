//! A missing comma between two fields.

use telemetry_runtime::agent_span;

#[agent_span(llm_request, model = "gpt-4o" message_count = 3)]
fn request() {}

fn main() {
    request();
}
