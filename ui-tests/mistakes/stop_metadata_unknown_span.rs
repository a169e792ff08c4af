//! `StopMetadata` for a misspelled span.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(itertion)]
struct Step {
    action: String,
}

fn main() {
    let _ = Step { action: String::new() }.action;
}
