//! A boxed future with a cast, with `future`.

use std::pin::Pin;

use futures::executor::block_on;

#[instrumented(future)]
fn double(n: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move {
        crate::in_the_span();
        n * 2
    }) as Pin<Box<dyn Future<Output = u32> + Send>>
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)), 4);
}
