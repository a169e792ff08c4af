//! `-> impl Future` made elsewhere, with `future`.

use futures::executor::block_on;

async fn inner(n: u32) -> u32 {
    crate::in_the_span();
    n * 2
}

#[instrumented(future)]
fn double(n: u32) -> impl Future<Output = u32> {
    inner(n)
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)), 4);
}
