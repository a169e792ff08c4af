//! A stop key that your own span does not have.

use telemetry_runtime::{EventMetadata, agent_span};

#[derive(EventMetadata)]
#[span("shop.retrieval", stop(hits, cached))]
struct Retrieval<'a> {
    query: &'a str,
}

#[agent_span(Retrieval { query }, stop(|words| hitz = words.len()))]
fn retrieve(query: &str) -> Vec<String> {
    vec![query.to_owned()]
}

fn main() {
    retrieve("shoes");
}
