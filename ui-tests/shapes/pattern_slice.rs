//! Array patterns, with a rest that is bound.

#[instrumented]
fn ends([first, middle @ .., last]: [u8; 4]) -> (u8, [u8; 2], u8) {
    (first, middle, last)
}

pub(super) fn check() {
    assert_eq!(ends([1, 2, 3, 4]), (1, [2, 3], 4));
}
