//! The user's own locals and parameters with names that ours might have had.
// ends: ok ok

use futures::executor::block_on;

#[instrumented]
fn sum(span: u8, guard: u8, value: u8, result: u8, cx: u8, __span: u8) -> u8 {
    let ret = span + guard;
    let out = value + result;
    let future = cx + __span;
    let __guard = ret + out;
    __guard + future
}

#[instrumented]
async fn later(span: u8, future: u8, __future: u8) -> u8 {
    let value = std::future::ready(span).await;
    let __value = future + __future;
    value + __value
}

pub(super) fn check() {
    assert_eq!(sum(1, 1, 1, 1, 1, 1), 6);
    assert_eq!(block_on(later(1, 1, 1)), 3);
}
