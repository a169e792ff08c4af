//! A misspelled key in `item(..)`.

use futures::{Stream, stream};
use telemetry_runtime::agent_span;

#[agent_span(iteration, stream, item(|chunk| acton = Some(*chunk)))]
fn steps(iteration: u32) -> impl Stream<Item = u32> {
    stream::iter([iteration])
}

fn main() {
    drop(steps(1));
}
