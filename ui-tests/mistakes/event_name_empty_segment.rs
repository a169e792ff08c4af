//! An event name with two dots in a row.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("shop..lookup")]
struct CacheLookup {
    count: u64,
}

fn main() {
    CacheLookup { count: 1 }.emit();
}
