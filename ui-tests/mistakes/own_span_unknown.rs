//! A misspelled span of your own.

use telemetry_runtime::{EventMetadata, agent_span};

#[derive(EventMetadata)]
#[span("shop.retrieval")]
struct Retrieval<'a> {
    query: &'a str,
}

#[agent_span(Retreival { query })]
fn retrieve(query: &str) {}

fn main() {
    retrieve("shoes");
    let _ = Retrieval { query: "shoes" };
}
