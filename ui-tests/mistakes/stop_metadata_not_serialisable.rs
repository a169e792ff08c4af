//! A `StopMetadata` field that cannot be recorded.

use telemetry_runtime::StopMetadata;

struct Action;

#[derive(StopMetadata)]
#[stop_of(iteration)]
struct Step {
    action: Action,
}

fn main() {
    let _ = Step { action: Action }.action;
}
