//! `?` on a `Result`, `async`, after an await.
// ends: ok error

use std::io;

use futures::executor::block_on;

#[instrumented]
async fn parse(text: &str) -> io::Result<u8> {
    let text = std::future::ready(Ok::<_, io::Error>(text)).await?;
    text.parse().map_err(io::Error::other)
}

pub(super) fn check() {
    assert_eq!(block_on(parse("1")).expect("a number"), 1);
    assert!(block_on(parse("x")).is_err());
}
