//! An `async fn` that returns another future.

use futures::executor::block_on;

#[instrumented]
async fn later(n: u32) -> impl Future<Output = u32> {
    let n = std::future::ready(n).await;
    async move { n * 2 }
}

pub(super) fn check() {
    assert_eq!(block_on(async { later(2).await.await }), 4);
}
