//! `?` into `Box<dyn Error>`, `.into()` and a tail that is coerced.
// ends: ok error error

use std::error::Error;

#[instrumented]
fn parse(text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    if text.is_empty() {
        return Err("empty".into());
    }
    let number: u8 = text.parse()?;
    Ok(number)
}

pub(super) fn check() {
    assert_eq!(parse("1").expect("a number"), 1);
    assert_eq!(parse("").expect_err("empty").to_string(), "empty");
    assert!(parse("x").is_err());
}
