//! `_` alone, `async`.

use futures::executor::block_on;

#[instrumented]
async fn ignore(_: String, _: &str, n: u8) -> u8 {
    std::future::ready(n).await
}

pub(super) fn check() {
    assert_eq!(block_on(ignore(String::new(), "", 1)), 1);
}
