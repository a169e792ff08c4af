//! An event name in upper case.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("shop.Cache.lookup")]
struct CacheLookup {
    count: u64,
}

fn main() {
    CacheLookup { count: 1 }.emit();
}
