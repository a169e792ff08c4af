//! `stream` on a function that returns no stream.

use telemetry_runtime::agent_span;

#[agent_span(agent, stream)]
fn number() -> u32 {
    1
}

fn main() {
    number();
}
