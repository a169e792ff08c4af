//! Without the prelude, `async`.
// ends: ok error ok

#![no_implicit_prelude]

use ::futures::executor::block_on;
use ::std::result::Result;

#[instrumented]
async fn parse(text: &str) -> Result<u8, ::std::num::ParseIntError> {
    let text = ::std::future::ready(text).await;
    text.parse()
}

#[instrumented]
fn boxed(n: u8) -> ::std::pin::Pin<::std::boxed::Box<dyn ::std::future::Future<Output = u8>>> {
    ::std::boxed::Box::pin(async move { n })
}

pub(super) fn check() {
    ::std::assert!(block_on(parse("1")).is_ok());
    ::std::assert!(block_on(parse("x")).is_err());
    ::std::assert_eq!(block_on(boxed(1)), 1);
}
