//! A coercion within `Ok`, and the error's by `?`, `async`.
// ends: error ok

use std::error::Error;
use std::fmt::Display;

use futures::executor::block_on;

#[instrumented]
async fn shown(text: &str) -> Result<Box<dyn Display>, Box<dyn Error>> {
    let number: u8 = std::future::ready(text).await.parse()?;
    Ok(Box::new(number))
}

pub(super) fn check() {
    assert!(block_on(shown("x")).is_err());
    assert!(block_on(shown("1")).is_ok());
}
