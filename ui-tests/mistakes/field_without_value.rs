//! A field without a value after `=`.

use telemetry_runtime::agent_span;

#[agent_span(llm_request, model = , message_count = 3)]
fn request() {}

fn main() {
    request();
}
