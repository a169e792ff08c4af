//! `response` at a span that is no call of a model.

use telemetry_runtime::agent_span;

#[agent_span(agent, response)]
fn run() -> String {
    String::new()
}

fn main() {}
