//! `%` on a value without `Display`.

use telemetry_runtime::agent_span;

#[derive(Debug)]
struct Prompt;

#[agent_span(agent, fields(question = %prompt))]
fn run(prompt: Prompt) {}

fn main() {
    run(Prompt);
}
