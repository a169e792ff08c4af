//! `response` given twice.

use telemetry_runtime::agent_span;

#[agent_span(llm_turn, model = "m", messages = "x", response, response(|reply| reply))]
fn complete() -> String {
    String::new()
}

#[agent_span(llm_turn, model = "m", messages = "x", respons(|reply| reply))]
fn misspelt() -> String {
    String::new()
}

fn main() {}
