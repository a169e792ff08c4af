//! `StopMetadata` for a span with a typo.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(itertion)]
struct Step {
    action: String,
}

fn main() {
    let _ = Step { action: String::new() }.action;
}
