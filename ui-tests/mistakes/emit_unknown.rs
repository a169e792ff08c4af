//! A misspelled event in `emit!`.

use telemetry_runtime::emit;

fn main() {
    emit!(compct, duration = 1, before = 40, after = 12);
}
