//! A struct that is not a span.

use telemetry_runtime::agent_span;

struct Retrieval<'a> {
    query: &'a str,
}

#[agent_span(Retrieval { query })]
fn retrieve(query: &str) {}

fn main() {
    retrieve("shoes");
}
