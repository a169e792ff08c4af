//! `-> impl Future` of a `Result`, with `?` in the `async` block.
// ends: error ok

use std::num::ParseIntError;

use futures::executor::block_on;

#[instrumented]
fn parse(text: &str) -> impl Future<Output = Result<u8, ParseIntError>> {
    async move {
        crate::in_the_span();
        let number: u8 = text.parse()?;
        Ok(number)
    }
}

pub(super) fn check() {
    assert!(block_on(parse("x")).is_err());
    assert_eq!(block_on(parse("1")), Ok(1));
}
