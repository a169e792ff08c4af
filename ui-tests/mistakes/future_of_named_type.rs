//! `future` on a function that returns a concrete future type.

use std::future::{Ready, ready};

use telemetry_runtime::agent_span;

#[agent_span(agent, future)]
fn run() -> Ready<u32> {
    ready(1)
}

fn main() {
    drop(run());
}
