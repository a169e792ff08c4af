//! `mut`, `async`.

use futures::executor::block_on;

#[instrumented]
async fn grow(mut text: String, mut n: usize) -> String {
    n += std::future::ready(1).await;
    text.push_str(&"!".repeat(n));
    text
}

pub(super) fn check() {
    assert_eq!(block_on(grow("a".to_owned(), 1)), "a!!");
}
