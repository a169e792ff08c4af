//! Other attributes, above and below.
// ends: ok ok

/// Doubles.
#[must_use]
#[instrumented]
#[inline]
#[allow(clippy::many_single_char_names, reason = "there to be kept")]
fn double(n: u8) -> u8 {
    n * 2
}

/// Does nothing.
#[cold]
#[inline(never)]
#[instrumented]
#[doc(hidden)]
#[expect(unused_variables, reason = "must still be fulfilled")]
pub(crate) fn nothing(n: u8) {}

pub(super) fn check() {
    assert_eq!(double(2), 4);
    nothing(1);
}
