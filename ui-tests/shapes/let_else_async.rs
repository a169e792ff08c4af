//! `let else`, `async`, with an await on either side.
// ends: ok ok

use futures::executor::block_on;

#[instrumented]
async fn number(text: Option<&str>) -> u8 {
    let Some(text) = std::future::ready(text).await else {
        return std::future::ready(0).await;
    };
    text.len().try_into().unwrap_or(u8::MAX)
}

pub(super) fn check() {
    assert_eq!(block_on(number(None)), 0);
    assert_eq!(block_on(number(Some("a"))), 1);
}
