//! Two event fields with the same key.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("shop.cache.lookup")]
struct CacheLookup {
    count: u64,
    #[event(rename = "count")]
    hits: u64,
}

fn main() {
    CacheLookup { count: 1, hits: 1 }.emit();
}
