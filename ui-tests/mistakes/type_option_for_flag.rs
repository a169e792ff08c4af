//! An `Option` where a boolean is expected.

use telemetry_runtime::agent_span;

#[agent_span(run, input = input)]
fn run(input: Option<&str>) {}

fn main() {
    run(None);
}
