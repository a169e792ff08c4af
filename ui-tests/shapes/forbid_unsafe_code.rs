//! Under `forbid(unsafe_code)`.
// ends: ok ok

#![forbid(unsafe_code)]

use futures::executor::block_on;

#[instrumented]
fn double(n: &u8) -> u8 {
    n * 2
}

#[instrumented]
async fn later(n: u8) -> u8 {
    n
}

pub(super) fn check() {
    assert_eq!(double(&2) + block_on(later(1)), 5);
}
