//! A stop key with a name that no field can have.

use telemetry_runtime::{EventMetadata, agent_span};

#[derive(EventMetadata)]
#[span("shop.retrieval", stop(hits, self))]
struct Retrieval;

#[agent_span(Retrieval, stop(|hits| hits = hits, crate = 1))]
fn retrieve() -> u32 {
    3
}

fn main() {
    retrieve();
}
