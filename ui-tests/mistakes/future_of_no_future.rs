//! `future` on a function that does not return a future.

use telemetry_runtime::agent_span;

#[agent_span(agent, future)]
fn run() -> u32 {
    1
}

fn main() {
    run();
}
