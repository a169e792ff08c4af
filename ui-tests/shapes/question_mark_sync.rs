//! `?` on a `Result`, converting the error.
// ends: ok error

use std::num::ParseIntError;

#[derive(Debug, PartialEq, Eq)]
struct Invalid(String);

impl From<ParseIntError> for Invalid {
    fn from(error: ParseIntError) -> Self {
        Self(error.to_string())
    }
}

#[instrumented]
fn parse(text: &str) -> Result<u8, Invalid> {
    let number: u8 = text.trim().parse()?;
    Ok(number)
}

pub(super) fn check() {
    assert_eq!(parse(" 1"), Ok(1));
    assert!(parse("x").is_err_and(|error| error.0.contains("invalid digit")));
}
