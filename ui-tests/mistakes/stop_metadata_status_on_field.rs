//! A status on a field: only a variant has one.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(agent_message)]
struct Answer {
    #[stop(status = "cancel")]
    result: String,
}

fn main() {
    let _ = Answer { result: String::new() }.result;
}
