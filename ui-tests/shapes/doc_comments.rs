//! Documentation of every form, with what would end a string.

/// A line with "quotes", \backslashes\ and {braces}.
///
/// ```text
/// a fence
/// ```
/** A block. */
#[doc = concat!("made ", "by a macro")]
#[instrumented]
fn one() -> u8 {
    1
}

pub(super) fn check() {
    assert_eq!(one(), 1);
}
