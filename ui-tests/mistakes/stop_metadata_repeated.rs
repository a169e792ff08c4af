//! Two `StopMetadata` fields with the same key.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(iteration)]
struct Step {
    action: String,
    #[stop(rename = "action")]
    next: String,
}

fn main() {
    let step = Step { action: String::new(), next: String::new() };
    let _ = (step.action, step.next);
}
