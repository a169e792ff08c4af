//! `record!` without a key.

use telemetry_runtime::record;

fn main() {
    record!(llm_turn);
}
