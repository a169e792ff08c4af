//! `future` on an `async fn`.

use telemetry_runtime::agent_span;

#[agent_span(agent, future)]
async fn run() -> u32 {
    1
}

fn main() {
    drop(run());
}
