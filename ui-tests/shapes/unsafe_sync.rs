//! An `unsafe fn`.

/// # Safety
///
/// `at` is within `bytes`.
#[instrumented]
unsafe fn byte(bytes: &[u8], at: usize) -> u8 {
    // SAFETY: promised by the caller.
    unsafe { *bytes.get_unchecked(at) }
}

pub(super) fn check() {
    // SAFETY: one is within two.
    assert_eq!(unsafe { byte(&[1, 2], 1) }, 2);
}
