//! A `StopMetadata` field of the wrong type.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(agent_message)]
struct Answer {
    iterations: String,
}

fn main() {
    let _ = Answer { iterations: String::new() }.iterations;
}
