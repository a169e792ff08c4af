//! Tuple patterns.

#[instrumented]
fn sum((a, (b, _)): (u8, (u8, u8)), (): ()) -> u8 {
    a + b
}

pub(super) fn check() {
    assert_eq!(sum((1, (2, 9)), ()), 3);
}
