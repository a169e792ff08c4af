//! A misspelled key that is known only at the end.

use telemetry_runtime::agent_span;

#[agent_span(llm_turn, model = "m", turn = 0_u32, messages = ["m"], finish_reson = "stop", stop(|_|))]
fn complete() {}

fn main() {}
