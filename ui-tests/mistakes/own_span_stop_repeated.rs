//! A stop key of your own span, given twice.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[span("shop.retrieval", stop(hits, hits))]
struct Retrieval<'a> {
    query: &'a str,
}

fn main() {
    let _ = Retrieval { query: "shoes" }.query;
}
