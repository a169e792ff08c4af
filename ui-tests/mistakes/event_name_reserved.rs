//! An event of your own under a reserved prefix.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[event("condukt.cache.lookup")]
struct CacheLookup {
    count: u64,
}

#[derive(EventMetadata)]
#[span("legion.retrieval")]
struct Retrieval {
    top_k: usize,
}

fn main() {
    CacheLookup { count: 1 }.emit();
    let _ = Retrieval { top_k: 1 }.top_k;
}
