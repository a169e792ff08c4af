//! A boolean field with the question mark of its key.

use telemetry_runtime::agent_span;

#[agent_span(run, structured? = true)]
fn run() {}

fn main() {
    run();
}
