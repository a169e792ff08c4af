//! An event field that cannot be recorded.

use telemetry_runtime::EventMetadata;

#[derive(Debug)]
struct Policy;

struct Opaque;

#[derive(EventMetadata)]
#[event("shop.cache.lookup")]
struct CacheLookup {
    policy: Policy,
    opaque: Opaque,
    #[event(debug)]
    debugged: Opaque,
}

fn main() {
    CacheLookup { policy: Policy, opaque: Opaque, debugged: Opaque }.emit();
}
