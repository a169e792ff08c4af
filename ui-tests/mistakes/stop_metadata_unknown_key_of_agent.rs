//! A `StopMetadata` field that the `agent` span does not have.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(agent)]
struct Answer {
    text: String,
}

fn main() {
    let _ = Answer { text: String::new() }.text;
}
