//! An option of one's own span with a typo.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[span("shop.retrieval", stp(hits))]
struct Retrieval<'a> {
    query: &'a str,
}

fn main() {
    let _ = Retrieval { query: "shoes" }.query;
}
