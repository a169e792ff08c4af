//! A generic function whose parameters are known to be nothing at all.

#[instrumented]
fn swap<A, B>(a: A, b: B) -> (B, A) {
    (b, a)
}

pub(super) fn check() {
    assert_eq!(swap(1, "a"), ("a", 1));
}
