//! A plain function whose `async` block is run within it.

use futures::executor::block_on;

#[instrumented]
fn double(n: u32) -> u32 {
    block_on(async move { n * 2 })
}

pub(super) fn check() {
    assert_eq!(double(2), 4);
}
