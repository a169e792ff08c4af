//! Several mistakes in one attribute: all errors appear at once.

use telemetry_runtime::agent_span;

#[agent_span(
    llm_turn,
    modle = "gpt-4o",
    turn = 1,
    turn = 2,
    skip(promt),
    fields(streaming = true),
    stop(|answer| usge = 3),
)]
fn complete(prompt: &str, messages: &[String]) -> String {
    prompt.to_owned() + &messages.concat()
}

fn main() {
    let _: String = complete("hello", &[]);
}
