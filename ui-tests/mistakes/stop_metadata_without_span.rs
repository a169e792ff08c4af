//! `StopMetadata` without the span that it is for.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
struct Step {
    action: String,
}

fn main() {
    let _ = Step { action: String::new() }.action;
}
