//! A text where the documents have a boolean.

use telemetry_runtime::agent_span;

#[agent_span(run, structured = "yes")]
fn run() {}

fn main() {
    run();
}
