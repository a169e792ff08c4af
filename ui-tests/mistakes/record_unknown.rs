//! A misspelled key in `record!`.

use telemetry_runtime::record;

fn main() {
    record!(llm_turn, usge = 3);
}
