//! `Box::pin(async move ..)` after statements.

use std::pin::Pin;

use futures::executor::block_on;

#[instrumented]
fn double(n: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    let n = n + 1;
    let doubled = n * 2;
    Box::pin(async move {
        crate::in_the_span();
        doubled
    })
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)), 6);
}
