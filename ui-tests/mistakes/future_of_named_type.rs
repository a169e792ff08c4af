//! `future` on a function whose future is a type with a name.

use std::future::{Ready, ready};

use telemetry_runtime::agent_span;

#[agent_span(agent, future)]
fn run() -> Ready<u32> {
    ready(1)
}

fn main() {
    drop(run());
}
