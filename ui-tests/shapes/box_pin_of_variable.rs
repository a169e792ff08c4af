//! `Box::pin(future)`: the `async` block bound first, with `future`.

use futures::executor::block_on;
use futures::future::BoxFuture;

#[instrumented(future)]
fn double(n: u32) -> BoxFuture<'static, u32> {
    let future = async move {
        crate::in_the_span();
        n * 2
    };
    Box::pin(future)
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)), 4);
}
