//! Contradictory options of an event field.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("shop.cache.lookup")]
struct CacheLookup {
    #[event(skip, measurement)]
    count: u64,
    #[event(debug, debug)]
    hit: bool,
}

fn main() {
    CacheLookup { count: 1, hit: true }.emit();
}
