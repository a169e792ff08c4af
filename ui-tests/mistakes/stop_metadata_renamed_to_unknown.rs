//! A `StopMetadata` field renamed to a misspelled key.

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
