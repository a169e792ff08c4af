//! `stream` on a function that does not return a stream.

use telemetry_runtime::agent_span;

#[agent_span(agent, stream)]
fn number() -> u32 {
    1
}

fn main() {
    number();
}
