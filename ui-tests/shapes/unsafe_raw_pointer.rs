//! Raw pointers as parameters.

/// # Safety
///
/// Both point to something.
#[instrumented]
unsafe fn copy(from: *const u8, to: *mut u8) {
    // SAFETY: promised by the caller.
    unsafe { *to = *from }
}

pub(super) fn check() {
    let mut to = 0;
    // SAFETY: both point to something.
    unsafe { copy(&raw const FROM, &raw mut to) };
    assert_eq!(to, 7);
}

static FROM: u8 = 7;
