//! A span of your own without its fields.

use telemetry_runtime::{EventMetadata, agent_span};

#[derive(EventMetadata)]
#[span("shop.retrieval")]
struct Retrieval {
    top_k: usize,
}

#[agent_span(Retrieval)]
fn retrieve() {}

fn main() {
    retrieve();
}
