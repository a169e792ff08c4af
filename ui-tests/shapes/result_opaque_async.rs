//! Opaque types within a `Result`, `async`.
// ends: ok error

use std::fmt::Debug;

use futures::executor::block_on;

#[instrumented]
async fn words(text: &str) -> Result<impl Iterator<Item = &str>, impl Debug + use<>> {
    if std::future::ready(text).await.is_empty() {
        return Err("empty");
    }
    Ok(text.split(' '))
}

pub(super) fn check() {
    assert_eq!(block_on(words("a b")).map_or(0, Iterator::count), 2);
    assert!(block_on(words("")).is_err());
}
