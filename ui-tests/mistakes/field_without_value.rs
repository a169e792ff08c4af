//! A field without the value after its `=`.

use telemetry_runtime::agent_span;

#[agent_span(llm_request, model = , message_count = 3)]
fn request() {}

fn main() {
    request();
}
