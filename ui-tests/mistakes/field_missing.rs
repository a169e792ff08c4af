//! A required field that is missing.

use telemetry_runtime::agent_span;

#[agent_span(llm_request, message_count = 3)]
fn request() {}

fn main() {
    request();
}
