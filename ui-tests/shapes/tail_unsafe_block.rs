//! A body that is one `unsafe` block, and one that is a struct literal.
// ends: ok ok

struct Wrapper {
    inner: u8,
}

#[instrumented]
fn first(bytes: &[u8; 2]) -> u8 {
    // SAFETY: there are two.
    unsafe { *bytes.as_ptr() }
}

#[instrumented]
fn wrap(inner: u8) -> Wrapper {
    Wrapper { inner }
}

pub(super) fn check() {
    assert_eq!(first(&[1, 2]), 1);
    assert_eq!(wrap(2).inner, 2);
}
