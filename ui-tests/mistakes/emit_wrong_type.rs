//! A value of the wrong type in `emit!`.

use telemetry_runtime::emit;

fn main() {
    emit!(compact, duration = "1 s", before = 40, after = 12);
}
