//! A Rust keyword as a key without a value.

use telemetry_runtime::agent_span;

#[agent_span(agent, fields(type))]
fn run() {}

fn main() {
    run();
}
