//! A field of a `StopMetadata` renamed to a key with a typo.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(iteration)]
struct Step {
    #[stop(rename = "acton")]
    next: String,
}

fn main() {
    let _ = Step { next: String::new() }.next;
}
