//! A status on a field instead of a variant.

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
