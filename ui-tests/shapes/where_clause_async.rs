//! A `where` clause over a future that is handed in.

use futures::executor::block_on;

#[instrumented]
async fn doubled<F>(future: F) -> u32
where
    F: Future<Output = u32> + Send,
{
    future.await * 2
}

pub(super) fn check() {
    assert_eq!(block_on(doubled(async { 2 })), 4);
}
