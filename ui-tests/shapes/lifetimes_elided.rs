//! Elided lifetimes, hidden in a path and in the return type.

use std::borrow::Cow;

#[instrumented]
fn trimmed(text: &str) -> Cow<'_, str> {
    text.strip_prefix("> ").map_or_else(|| Cow::Owned(text.to_uppercase()), Cow::Borrowed)
}

pub(super) fn check() {
    assert_eq!(trimmed("> a"), "a");
}
