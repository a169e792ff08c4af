//! Text where a boolean is expected.

use telemetry_runtime::agent_span;

#[agent_span(run, structured = "yes")]
fn run() {}

fn main() {
    run();
}
