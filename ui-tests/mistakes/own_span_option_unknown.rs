//! A misspelled option of your own span.

use telemetry_runtime::EventMetadata;

#[derive(EventMetadata)]
#[span("shop.retrieval", stp(hits))]
struct Retrieval<'a> {
    query: &'a str,
}

fn main() {
    let _ = Retrieval { query: "shoes" }.query;
}
