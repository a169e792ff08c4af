//! A generic `async fn`, bounded.

use futures::executor::block_on;

#[instrumented]
async fn show<T: std::fmt::Display + Clone>(of: &T, n: usize) -> String {
    let copy = std::future::ready(of.clone()).await;
    format!("{copy}").repeat(n)
}

pub(super) fn check() {
    assert_eq!(block_on(show(&1, 2)), "11");
}
