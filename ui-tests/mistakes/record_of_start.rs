//! A start key in `record!`.

use telemetry_runtime::record;

fn main() {
    record!(llm_turn, model = "gpt-4o");
}
