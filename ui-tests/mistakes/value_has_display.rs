//! A value that implements `Display` but not `Serialize`.

use std::fmt;

use telemetry_runtime::agent_span;

struct Prompt;

impl fmt::Display for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hello")
    }
}

#[agent_span(agent, fields(question = prompt))]
fn run(prompt: Prompt) {}

fn main() {
    run(Prompt);
}
