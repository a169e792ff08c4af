//! A struct that is both an event and a span.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("shop.cache.lookup")]
#[span("shop.cache")]
struct CacheLookup {
    count: u64,
}

fn main() {
    let _ = CacheLookup { count: 1 }.count;
}
