//! `agent_span(tool_call)` instead of `tool_call`.

use telemetry_runtime::agent_span;

#[agent_span(tool_call)]
fn get_weather(city: &str) -> usize {
    city.len()
}

fn main() {
    get_weather("Oslo");
}
