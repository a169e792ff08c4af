//! A tool `name` that is not text.

use telemetry_runtime::tool_call;

#[tool_call(name = 3)]
fn weather(city: &str) -> usize {
    city.len()
}

fn main() {
    weather("Oslo");
}
