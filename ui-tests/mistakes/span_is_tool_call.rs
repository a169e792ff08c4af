//! `agent_span(tool_call)`: tool calls have an attribute of their own.

use telemetry_runtime::agent_span;

#[agent_span(tool_call)]
fn get_weather(city: &str) -> usize {
    city.len()
}

fn main() {
    get_weather("Oslo");
}
