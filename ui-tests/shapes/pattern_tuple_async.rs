//! Tuple patterns, `async`.

use futures::executor::block_on;

#[instrumented]
async fn sum((a, (b, _)): (u8, (u8, u8))) -> u8 {
    std::future::ready(a).await + b
}

pub(super) fn check() {
    assert_eq!(block_on(sum((1, (2, 9)))), 3);
}
