//! `StopMetadata` for a span that takes nothing from the return value.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(subagent)]
struct Answer {
    text: String,
}

fn main() {
    let _ = Answer { text: String::new() }.text;
}
