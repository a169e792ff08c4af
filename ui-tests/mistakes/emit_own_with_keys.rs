//! Extra keys beside an event of your own.

use telemetry_runtime::{EventMetadata, emit};

#[derive(EventMetadata)]
#[event("shop.cache.lookup")]
struct CacheLookup {
    hit: bool,
}

fn main() {
    emit!(CacheLookup { hit: true }, key = "shoes");
}
