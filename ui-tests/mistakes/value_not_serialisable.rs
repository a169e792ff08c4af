//! A value that implements neither `Serialize`, `Display` nor `Debug`.

use telemetry_runtime::agent_span;

struct Prompt;

#[agent_span(sandbox_eval, code = Prompt)]
fn evaluate() {}

fn main() {
    evaluate();
}
