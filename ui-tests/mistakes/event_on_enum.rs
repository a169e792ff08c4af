//! An event that is an enum or a tuple struct.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("shop.cache.lookup")]
enum CacheLookup {
    Hit,
}

#[derive(EventMetadata)]
#[event("shop.cache.miss")]
struct CacheMiss(u64);

fn main() {
    let _ = CacheLookup::Hit;
    let _ = CacheMiss(1).0;
}
