//! `stream` on a function that returns a concrete stream type.

use futures::stream;
use telemetry_runtime::agent_span;

#[agent_span(agent, stream)]
fn numbers() -> stream::Iter<std::vec::IntoIter<u32>> {
    stream::iter(vec![1])
}

fn main() {
    drop(numbers());
}
