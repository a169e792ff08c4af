//! `record!` of a key with a typo.

use telemetry_runtime::record;

fn main() {
    record!(llm_turn, usge = 3);
}
