//! A generic return type that may not give the stop keys.

use telemetry_runtime::agent_span;

#[agent_span(iteration)]
fn step<T>(iteration: u32, value: T) -> T {
    assert!(iteration > 0);
    value
}

fn main() {
    step(1, "done");
}
