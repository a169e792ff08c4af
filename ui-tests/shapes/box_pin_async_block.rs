//! `Box::pin(async ..)`.

use std::pin::Pin;

use futures::executor::block_on;

#[instrumented]
fn double(n: &u32) -> Pin<Box<dyn Future<Output = u32> + Send + '_>> {
    Box::pin(async {
        crate::in_the_span();
        *n * 2
    })
}

pub(super) fn check() {
    assert_eq!(block_on(double(&2)), 4);
}
