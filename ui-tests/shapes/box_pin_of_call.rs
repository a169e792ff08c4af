//! `Box::pin(inner())`, with `future`.

use futures::executor::block_on;
use futures::future::LocalBoxFuture;

async fn inner(n: &u32) -> u32 {
    crate::in_the_span();
    n * 2
}

#[instrumented(future)]
fn double(n: &u32) -> LocalBoxFuture<'_, u32> {
    Box::pin(inner(n))
}

pub(super) fn check() {
    assert_eq!(block_on(double(&2)), 4);
}
