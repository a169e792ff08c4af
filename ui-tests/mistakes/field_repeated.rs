//! A field given twice.

use telemetry_runtime::agent_span;

#[agent_span(llm_request, model = "gpt-4o", message_count = 3, model = "gpt-4o-mini")]
fn request() {}

fn main() {
    request();
}
