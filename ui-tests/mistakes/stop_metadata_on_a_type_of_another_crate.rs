//! A type from another crate without stop keys.

use telemetry_runtime::agent_span;

#[agent_span(llm_turn, model = "m", messages = "x")]
fn complete() -> Result<serde_json::Value, std::io::Error> {
    Ok(serde_json::Value::Null)
}

fn main() {}
