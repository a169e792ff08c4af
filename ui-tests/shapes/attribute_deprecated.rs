//! A deprecated function: only its users get the warning.

#[deprecated(note = "use `add`")]
#[instrumented]
fn sum(a: u8, b: u8) -> u8 {
    a + b
}

#[expect(deprecated, reason = "that is the case")]
pub(super) fn check() {
    assert_eq!(sum(1, 2), 3);
}
