//! A key given twice inside `fields(..)`.

use telemetry_runtime::agent_span;

#[agent_span(agent, fields(user = "u-1", user = "u-2"))]
fn run() {}

fn main() {
    run();
}
