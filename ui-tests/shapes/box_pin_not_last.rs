//! `Box::pin(async ..)` that is awaited in an `async fn`, not returned.

use futures::executor::block_on;

#[instrumented]
async fn double(n: u32) -> u32 {
    let doubled = Box::pin(async move { n * 2 });
    Box::pin(async move {
        crate::in_the_span();
        doubled.await
    })
    .await
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)), 4);
}
