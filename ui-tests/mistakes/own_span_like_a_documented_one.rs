//! A documented span, written like one of your own.

use telemetry_runtime::agent_span;

#[agent_span(Llm_turn, model = "m")]
fn complete() {}

fn main() {
    complete();
}
