//! A `context` that is not a `Context`.

use telemetry_runtime::agent_span;

#[agent_span(agent, context = "s-1")]
fn run() {}

fn main() {
    run();
}
