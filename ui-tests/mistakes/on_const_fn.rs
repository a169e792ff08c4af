//! An attribute on a `const fn`.

use telemetry_runtime::agent_span;

#[agent_span(agent)]
const fn run() -> u32 {
    1
}

const ANSWER: u32 = run();

fn main() {
    assert_eq!(ANSWER, 1);
}
