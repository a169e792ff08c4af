//! A boxed future whose output does not give the stop keys.

use std::pin::Pin;

use telemetry_runtime::agent_span;

struct Step {
    action: String,
}

#[agent_span(iteration)]
fn step(iteration: u32) -> Pin<Box<dyn Future<Output = Step>>> {
    Box::pin(async move { Step { action: iteration.to_string() } })
}

fn main() {
    drop(step(1));
    let _ = Step { action: String::new() }.action;
}
