//! Values of several types, coerced to `Box<dyn Trait>`, `async`.

use std::fmt::Display;

use futures::executor::block_on;

#[instrumented]
async fn shown(n: u8) -> Box<dyn Display + Send> {
    if std::future::ready(n).await > 9 {
        return Box::new("large");
    }
    Box::new(n)
}

pub(super) fn check() {
    assert_eq!(block_on(shown(10)).to_string(), "large");
}
