//! An attribute on a struct.

use telemetry_runtime::agent_span;

#[agent_span(agent)]
struct Assistant;

fn main() {
    let _ = Assistant;
}
