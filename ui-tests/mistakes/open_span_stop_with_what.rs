//! A value that a span opened by hand cannot stop with.

use telemetry_runtime::{open_span, record};

struct Reply;

fn main() {
    let span = open_span!(llm_turn, model = "m", messages = "x");
    record!(span; usag = 1);
    span.stop(&Reply);

    let span = open_span!(tool_call, tool = "t", args = ());
    span.stop(&Reply);

    let span = open_span!(agent);
    let error: Box<dyn std::error::Error + Send + Sync> = "no".into();
    span.fail(&error);
}
