//! A type parameter that may be unsized.

#[instrumented]
fn length<T: AsRef<[u8]> + ?Sized>(of: &T) -> usize {
    of.as_ref().len()
}

pub(super) fn check() {
    assert_eq!(length("abc"), 3);
}
