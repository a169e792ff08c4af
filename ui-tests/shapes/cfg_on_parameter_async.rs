//! `cfg` on parameters, `async`.

use futures::executor::block_on;

#[instrumented]
async fn sum(#[cfg(any())] a: NoSuchType, #[cfg(test)] b: u8, c: u8) -> u8 {
    std::future::ready(b).await + c
}

pub(super) fn check() {
    assert_eq!(block_on(sum(1, 2)), 3);
}
