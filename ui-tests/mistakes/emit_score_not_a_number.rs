//! The score of an evaluation as a text.

use telemetry_runtime::emit;

fn main() {
    emit!(evaluation, name = "relevance", score = "high");
}
