//! A misspelled stop key of `tool_call`.

use telemetry_runtime::tool_call;

#[tool_call(stop(|degrees| reslt = degrees))]
fn weather(city: &str) -> usize {
    city.len()
}

fn main() {
    weather("Oslo");
}
