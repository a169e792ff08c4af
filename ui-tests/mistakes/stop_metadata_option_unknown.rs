//! An option of a `StopMetadata`'s field with a typo.

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
