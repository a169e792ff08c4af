//! An `async fn` that calls itself, boxed.
// ends: ok ok ok

use futures::executor::block_on;

#[instrumented]
async fn factorial(n: u64) -> u64 {
    if n < 2 {
        return 1;
    }
    n * Box::pin(factorial(n - 1)).await
}

pub(super) fn check() {
    assert_eq!(block_on(factorial(3)), 6);
}
