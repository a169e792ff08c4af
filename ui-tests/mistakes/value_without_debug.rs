//! `?` on a value without `Debug`.

use telemetry_runtime::agent_span;

struct Prompt;

#[agent_span(agent, fields(question = ?prompt))]
fn run(prompt: Prompt) {}

fn main() {
    run(Prompt);
}
