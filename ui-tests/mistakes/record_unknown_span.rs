//! `record!` onto a span with a typo.

use telemetry_runtime::record;

fn main() {
    record!(lm_turn, usage = 3);
}
