//! `emit!` without a required key.

use telemetry_runtime::emit;

fn main() {
    emit!(compact, before = 40, after = 12);
}
