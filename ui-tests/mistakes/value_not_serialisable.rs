//! A value that has none of the ways to be recorded.

use telemetry_runtime::agent_span;

struct Prompt;

#[agent_span(sandbox_eval, code = Prompt)]
fn evaluate() {}

fn main() {
    evaluate();
}
