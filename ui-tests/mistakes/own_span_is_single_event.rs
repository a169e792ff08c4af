//! A struct that is a single event, used as a span.

use telemetry_runtime::{EventMetadata, agent_span};

#[derive(EventMetadata)]
#[event("shop.retrieval")]
struct Retrieval<'a> {
    query: &'a str,
}

#[agent_span(Retrieval { query })]
fn retrieve(query: &str) {}

fn main() {
    retrieve("shoes");
}
