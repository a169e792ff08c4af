//! `emit!` of a value of another type than the documents'.

use telemetry_runtime::emit;

fn main() {
    emit!(compact, duration = "1 s", before = 40, after = 12);
}
