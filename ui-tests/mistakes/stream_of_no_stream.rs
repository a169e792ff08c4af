//! `stream` on a function that does not return a stream.

use telemetry_runtime::agent_span;

#[agent_span(agent, stream)]
fn number() -> u32 {
    1
}

#[agent_span(agent, stream)]
fn numbers() -> impl Iterator<Item = u32> {
    std::iter::once(1)
}

fn main() {
    number();
    let _ = numbers();
}
