//! A `tool_call_id` that is not text.

use telemetry_runtime::tool_call;

#[tool_call(tool_call_id = 3)]
fn weather(city: &str) -> usize {
    city.len()
}

fn main() {
    weather("Oslo");
}
