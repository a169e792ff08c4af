//! Opaque types within a `Result`.
// ends: ok error

use std::fmt::Display;

#[instrumented]
fn words(text: &str) -> Result<impl Iterator<Item = &str>, impl Display> {
    if text.is_empty() {
        return Err(format_args!("empty").to_string());
    }
    Ok(text.split(' '))
}

pub(super) fn check() {
    assert_eq!(words("a b").map_or(0, Iterator::count), 2);
    assert!(words("").is_err());
}
