//! `-> impl Future` that is an `async` block.

use futures::executor::block_on;

#[instrumented]
fn double(n: u32) -> impl Future<Output = u32> + Send + 'static {
    async move {
        crate::in_the_span();
        n * 2
    }
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)), 4);
}
