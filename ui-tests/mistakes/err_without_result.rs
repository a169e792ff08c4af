//! `err` of a function that returns no `Result`.

use telemetry_runtime::agent_span;

#[agent_span(agent, err(|error| error_type = error.to_string()))]
fn run() -> u32 {
    1
}

fn main() {
    run();
}
