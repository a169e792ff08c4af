//! `Box::pin` in each branch, with `future`.
// ends: ok ok

use futures::executor::block_on;
use futures::future::BoxFuture;

#[instrumented(future)]
fn double(n: u32) -> BoxFuture<'static, u32> {
    match n {
        0 => Box::pin(std::future::ready(0)),
        _ => Box::pin(async move {
            crate::in_the_span();
            n * 2
        }),
    }
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)) + block_on(double(0)), 4);
}
