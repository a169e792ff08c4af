//! `response` on a span that is not a model call.

use telemetry_runtime::agent_span;

#[agent_span(agent, response)]
fn run() -> String {
    String::new()
}

fn main() {}
