//! A returned future with a bound that the span cannot keep.

use std::future::{Ready, ready};

use telemetry_runtime::agent_span;

#[agent_span(agent)]
fn run() -> impl Future<Output = u8> + Clone {
    ready(1)
}

fn main() {
    let _: Ready<u8> = ready(1);
    drop(run());
}
