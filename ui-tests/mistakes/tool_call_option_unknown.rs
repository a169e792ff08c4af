//! A misspelled option of `tool_call`.

use telemetry_runtime::tool_call;

#[tool_call(nam = "get_weather", tool_call_ld = "call-1")]
fn weather(city: &str) -> usize {
    city.len()
}

fn main() {
    weather("Oslo");
}
