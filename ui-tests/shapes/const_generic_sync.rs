//! A const parameter.

#[instrumented]
fn sum<const N: usize>(numbers: [u32; N]) -> u32 {
    numbers.iter().sum()
}

pub(super) fn check() {
    assert_eq!(sum([1, 2, 3]), 6);
}
