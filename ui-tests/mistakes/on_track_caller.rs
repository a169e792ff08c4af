//! An attribute on a function that tells where it was called.

use telemetry_runtime::agent_span;

#[agent_span(agent)]
#[track_caller]
fn run() {
    panic!("called from elsewhere");
}

fn main() {
    run();
}
