//! An `unsafe extern "C"` function.

/// # Safety
///
/// `n` points to a number.
#[instrumented]
pub unsafe extern "C" fn double(n: *mut i32) {
    // SAFETY: promised by the caller.
    unsafe { *n *= 2 }
}

pub(super) fn check() {
    let mut n = 2;
    // SAFETY: `n` is a number.
    unsafe { double(&raw mut n) };
    assert_eq!(n, 4);
}
