//! A coercion within `Ok`, and the error's by `?`.
// ends: ok error

use std::error::Error;
use std::fmt::Display;

#[instrumented]
fn shown(text: &str) -> Result<Box<dyn Display>, Box<dyn Error>> {
    let number: u8 = text.parse()?;
    Ok(Box::new(number))
}

pub(super) fn check() {
    assert_eq!(shown("1").map(|shown| shown.to_string()).expect("a number"), "1");
    assert!(shown("x").is_err());
}
