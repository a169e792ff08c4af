//! `err(..)` on a function that does not return a `Result`.

use telemetry_runtime::agent_span;

#[agent_span(agent, err(|error| error_type = error.to_string()))]
fn run() -> u32 {
    1
}

#[agent_span(agent, err(|_| error_type = "any"))]
async fn run_later() {}

fn main() {
    run();
    drop(run_later());
}
