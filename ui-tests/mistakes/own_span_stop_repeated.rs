//! A stop key of one's own span said twice.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[span("shop.retrieval", stop(hits, hits))]
struct Retrieval<'a> {
    query: &'a str,
}

fn main() {
    let _ = Retrieval { query: "shoes" }.query;
}
