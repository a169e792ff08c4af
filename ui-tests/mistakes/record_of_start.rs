//! `record!` of a start key.

use telemetry_runtime::record;

fn main() {
    record!(llm_turn, model = "gpt-4o");
}
