//! A field that your own span does not have.

use telemetry_runtime::{EventMetadata, agent_span};

#[derive(EventMetadata)]
#[span("shop.retrieval")]
struct Retrieval<'a> {
    query: &'a str,
}

#[agent_span(Retrieval { query, top: 3 })]
fn retrieve(query: &str) {}

fn main() {
    retrieve("shoes");
}
