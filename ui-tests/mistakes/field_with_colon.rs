//! A field with `:` instead of `=`.

use telemetry_runtime::agent_span;

#[agent_span(llm_request, model: "gpt-4o", message_count: 3)]
fn request() {}

fn main() {
    request();
}
