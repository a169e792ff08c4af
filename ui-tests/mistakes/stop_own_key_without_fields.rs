//! A key of your own outside of `fields(..)`.

use telemetry_runtime::agent_span;

#[agent_span(llm_turn, model = "m", messages = "x", stop(|_| region = "eu", fields(usage = 1, shard = 2)))]
fn complete() -> String {
    String::new()
}

fn main() {}
