//! A return type that gives the stop keys of another span.

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
