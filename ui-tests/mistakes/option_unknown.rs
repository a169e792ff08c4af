//! A misspelled option.

use telemetry_runtime::agent_span;

#[agent_span(agent, skip_al)]
fn run(prompt: &str) {}

#[agent_span(agent, sotp(|answer| status = "ok"))]
fn answer() {}

fn main() {
    run("hello");
    answer();
}
