//! A misspelled span in `record!`.

use telemetry_runtime::record;

fn main() {
    record!(lm_turn, usage = 3);
}
