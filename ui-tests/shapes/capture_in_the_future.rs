//! What is recorded for a function that returns a future, with what its statements made out of sight.

use futures::executor::block_on;
use futures::future::BoxFuture;

#[instrumented(fields(n = n, word = word))]
fn double(n: u32, word: &str) -> BoxFuture<'_, usize> {
    let n = usize::try_from(n).unwrap_or(0);
    Box::pin(async move { n * word.len() })
}

pub(super) fn check() {
    assert_eq!(block_on(double(2, "ab")), 4);
}
