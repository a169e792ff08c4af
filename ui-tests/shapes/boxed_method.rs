//! `.boxed()`, `.boxed_local()`, with `future`.
// ends: ok ok

use futures::FutureExt;
use futures::executor::block_on;
use futures::future::{BoxFuture, LocalBoxFuture};

#[instrumented(future)]
fn double(n: u32) -> BoxFuture<'static, u32> {
    async move {
        crate::in_the_span();
        n * 2
    }
    .boxed()
}

#[instrumented(future)]
fn local(n: u32) -> LocalBoxFuture<'static, u32> {
    async move {
        crate::in_the_span();
        n * 2
    }
    .boxed_local()
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)) + block_on(local(2)), 8);
}
