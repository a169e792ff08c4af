//! A return type that says what the stop event of another span carries.

use telemetry_runtime::{StopMetadata, agent_span};

#[derive(StopMetadata)]
#[stop_of(iteration)]
struct Step {
    action: String,
}

#[agent_span(agent_message)]
fn handle(message: &str) -> Step {
    Step { action: message.to_owned() }
}

fn main() {
    handle("hello");
}
