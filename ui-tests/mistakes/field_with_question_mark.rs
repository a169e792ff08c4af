//! A boolean field written with its question mark.

use telemetry_runtime::agent_span;

#[agent_span(run, structured? = true)]
fn run() {}

fn main() {
    run();
}
