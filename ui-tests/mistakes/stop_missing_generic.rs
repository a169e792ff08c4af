//! A generic return type that is not known to say what the stop event carries.

use telemetry_runtime::agent_span;

#[agent_span(iteration)]
fn step<T>(iteration: u32, value: T) -> T {
    assert!(iteration > 0);
    value
}

fn main() {
    step(1, "done");
}
