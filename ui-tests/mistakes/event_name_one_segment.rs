//! An event of one's own with a name of one segment.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("lookup")]
struct CacheLookup {
    count: u64,
}

fn main() {
    CacheLookup { count: 1 }.emit();
}
