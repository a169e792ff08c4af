//! `+=` outside of `item(..)`.

use telemetry_runtime::{agent_span, record};

#[agent_span(llm_turn, model += "m", messages = "x", stop(|reply| assistant_message += reply.as_str()))]
fn complete() -> String {
    record!(llm_turn, finish_reason += "stop");
    String::new()
}

fn main() {}
