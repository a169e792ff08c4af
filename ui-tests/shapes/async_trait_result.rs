//! `?` and an early return under `#[async_trait]`.
// ends: ok error ok

use std::num::ParseIntError;

use async_trait::async_trait;
use futures::executor::block_on;

#[async_trait]
trait Parse {
    async fn parse(&self, text: &str) -> Result<u32, ParseIntError>;
}

struct Parser;

#[async_trait]
impl Parse for Parser {
    #[instrumented]
    async fn parse(&self, text: &str) -> Result<u32, ParseIntError> {
        if text.is_empty() {
            return Ok(0);
        }
        let number: u32 = text.parse()?;
        Ok(number)
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Parser.parse("")), Ok(0));
    assert!(block_on(Parser.parse("x")).is_err());
    assert_eq!(block_on(Parser.parse("7")), Ok(7));
}
