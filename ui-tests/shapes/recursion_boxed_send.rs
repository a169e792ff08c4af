//! Two functions that call each other through a boxed future that must be `Send`.
// ends: ok ok ok

use futures::executor::block_on;
use futures::future::BoxFuture;

#[instrumented]
async fn even(n: u32) -> bool {
    if n == 0 { true } else { odd(n - 1).await }
}

fn odd(n: u32) -> BoxFuture<'static, bool> {
    Box::pin(async move { if n == 0 { false } else { even(n - 1).await } })
}

pub(super) fn check() {
    assert!(block_on(even(4)));
}
