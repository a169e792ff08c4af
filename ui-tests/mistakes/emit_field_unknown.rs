//! `emit!` of a key with a typo.

use telemetry_runtime::emit;

fn main() {
    emit!(compact, duration = 1, before = 40, aftr = 12);
}
