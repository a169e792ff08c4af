//! Stop keys of your own span that the function does not give.

use telemetry_runtime::{EventMetadata, agent_span};

#[derive(EventMetadata)]
#[span("shop.retrieval", stop(hits))]
struct Retrieval<'a> {
    query: &'a str,
}

#[agent_span(Retrieval { query })]
fn retrieve(query: &str) -> Vec<String> {
    vec![query.to_owned()]
}

fn main() {
    retrieve("shoes");
}
