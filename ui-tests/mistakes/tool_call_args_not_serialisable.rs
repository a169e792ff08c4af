//! `args` that cannot be recorded.

use telemetry_runtime::tool_call;

struct Query;

#[tool_call(args = query)]
fn weather(query: &Query) {}

fn main() {
    weather(&Query);
}
