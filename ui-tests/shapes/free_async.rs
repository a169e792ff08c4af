//! A free `async fn`.

use futures::executor::block_on;

#[instrumented]
async fn double(n: u32) -> u32 {
    std::future::ready(n).await * 2
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)), 4);
}
