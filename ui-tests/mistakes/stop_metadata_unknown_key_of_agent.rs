//! `StopMetadata` with a key that the span does not have, of a span whose return value may tell it.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(agent)]
struct Answer {
    text: String,
}

fn main() {
    let _ = Answer { text: String::new() }.text;
}
