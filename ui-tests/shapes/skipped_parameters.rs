//! Parameters left out by name, patterns among them.

#[instrumented(skip(secret, left))]
fn length(secret: &str, (left, right): (u8, u8), raw: *const u8) -> usize {
    assert!(raw.is_null());
    secret.len() + usize::from(left + right)
}

pub(super) fn check() {
    assert_eq!(length("abc", (1, 2), std::ptr::null()), 6);
}
