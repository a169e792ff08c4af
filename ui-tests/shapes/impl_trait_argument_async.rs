//! `impl Trait` as an argument, `async`.

use futures::executor::block_on;

#[instrumented]
async fn greet(name: impl Into<String> + Send, then: impl AsyncFnOnce(&str) -> usize) -> usize {
    let name = name.into();
    then(&name).await
}

pub(super) fn check() {
    assert_eq!(block_on(greet("ada", async |name: &str| name.len())), 3);
}
