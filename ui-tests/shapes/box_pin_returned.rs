//! `return Box::pin(async move ..);`.

use futures::executor::block_on;
use futures::future::BoxFuture;

#[instrumented]
#[allow(clippy::needless_return, reason = "that is the case")]
fn double(n: u32) -> BoxFuture<'static, u32> {
    return Box::pin(async move {
        crate::in_the_span();
        n * 2
    });
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)), 4);
}
