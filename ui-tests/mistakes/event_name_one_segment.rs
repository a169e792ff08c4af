//! An event of your own whose name has one segment.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("lookup")]
struct CacheLookup {
    count: u64,
}

fn main() {
    CacheLookup { count: 1 }.emit();
}
