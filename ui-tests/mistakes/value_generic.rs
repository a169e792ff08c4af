//! A generic value without a `Serialize` bound.

use telemetry_runtime::agent_span;

#[agent_span(agent, fields(question = prompt))]
fn run<P>(prompt: P) -> P {
    prompt
}

fn main() {
    run("hello");
}
