//! `impl Trait` returned from an `async fn`.

use futures::executor::block_on;

#[instrumented]
async fn words(text: &str) -> impl Iterator<Item = &str> {
    std::future::ready(text.split(' ')).await
}

pub(super) fn check() {
    assert_eq!(block_on(words("a b")).count(), 2);
}
