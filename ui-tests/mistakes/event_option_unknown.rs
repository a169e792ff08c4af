//! A misspelled option of an event field.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("shop.cache.lookup")]
struct CacheLookup {
    #[event(measurment)]
    count: u64,
    #[event(renam = "hit?")]
    hit: bool,
}

fn main() {
    CacheLookup { count: 1, hit: true }.emit();
}
