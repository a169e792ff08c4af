//! An attribute on a `#[track_caller]` function.

use telemetry_runtime::agent_span;

#[agent_span(agent)]
#[track_caller]
fn run() {
    panic!("called from elsewhere");
}

fn main() {
    run();
}
