//! A misspelled field.

use telemetry_runtime::agent_span;

#[agent_span(llm_request, modle = "gpt-4o", message_count = 3)]
fn request() {}

fn main() {
    request();
}
