//! A parameter that lives for ever, `async`.

use futures::executor::block_on;

#[instrumented]
async fn first(words: &'static [&'static str]) -> &'static str {
    std::future::ready(words[0]).await
}

pub(super) fn check() {
    assert_eq!(block_on(first(&["a", "b"])), "a");
}
