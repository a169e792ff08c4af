//! A measurement that is not a number.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("shop.cache.lookup")]
struct CacheLookup<'a> {
    #[event(measurement)]
    count: &'a str,
}

fn main() {
    CacheLookup { count: "one" }.emit();
}
