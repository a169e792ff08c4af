//! A field of your own span that is missing.

use telemetry_runtime::{EventMetadata, agent_span};

#[derive(EventMetadata)]
#[span("shop.retrieval")]
struct Retrieval<'a> {
    query: &'a str,
    top_k: usize,
}

#[agent_span(Retrieval { query })]
fn retrieve(query: &str) {}

fn main() {
    retrieve("shoes");
}
