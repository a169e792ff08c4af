//! A misspelled key in `emit!`.

use telemetry_runtime::emit;

fn main() {
    emit!(compact, duration = 1, before = 40, aftr = 12);
}
