//! `StopMetadata` without a span.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
struct Step {
    action: String,
}

fn main() {
    let _ = Step { action: String::new() }.action;
}
