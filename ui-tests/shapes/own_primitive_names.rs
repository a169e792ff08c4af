//! The user's own types named like primitives.
// ends: ok ok

#![expect(non_camel_case_types, dead_code, reason = "names that are only in the way")]

use futures::executor::block_on;

struct str;
struct u8(u32);
struct u64;
struct bool;
struct usize;

#[instrumented]
fn inner(of: u8) -> u32 {
    of.0
}

#[instrumented]
async fn later(of: u8) -> u32 {
    of.0
}

pub(super) fn check() {
    assert_eq!(inner(u8(1)) + block_on(later(u8(2))), 3);
}
