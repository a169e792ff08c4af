//! A misspelled option of a `StopMetadata` field.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(iteration)]
struct Step {
    action: String,
    #[stop(skp)]
    raw: String,
}

fn main() {
    let step = Step { action: String::new(), raw: String::new() };
    let _ = (step.action, step.raw);
}
