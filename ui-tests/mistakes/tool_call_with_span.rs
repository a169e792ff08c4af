//! A tool name without `name =`.

use telemetry_runtime::tool_call;

#[tool_call(get_weather)]
fn weather(city: &str) -> usize {
    city.len()
}

#[tool_call("get_weather")]
fn forecast(city: &str) -> usize {
    city.len()
}

fn main() {
    weather("Oslo");
    forecast("Oslo");
}
