//! An event of your own without a name.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
struct CacheLookup {
    count: u64,
}

fn main() {
    let _ = CacheLookup { count: 1 }.count;
}
