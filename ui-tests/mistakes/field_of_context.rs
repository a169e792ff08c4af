//! Keys that come from the context.

use telemetry_runtime::agent_span;

#[agent_span(operation, operation = "summarise", session_id = "s-1", parent_session_id = "s-0")]
fn summarise() {}

#[agent_span(llm_request, iteration = 1, model = "m", message_count = 1, run_id = "r-1")]
fn request() {}

fn main() {
    summarise();
    request();
}
