//! An `async` `Result` whose `Ok` type does not give the stop keys.

use telemetry_runtime::agent_span;

struct Step {
    action: String,
}

#[agent_span(iteration)]
async fn step(iteration: u32) -> Result<Step, String> {
    Ok(Step { action: iteration.to_string() })
}

fn main() {
    drop(step(1));
    let _ = Step { action: String::new() }.action;
}
