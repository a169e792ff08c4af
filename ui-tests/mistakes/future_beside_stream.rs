//! `future` together with `stream`.

use futures::{Stream, stream};
use telemetry_runtime::agent_span;

#[agent_span(agent, future, stream)]
fn numbers() -> impl Stream<Item = u32> {
    stream::iter([1])
}

fn main() {
    drop(numbers());
}
