//! A function that calls itself.
// ends: ok ok ok

#[instrumented]
fn factorial(n: u64) -> u64 {
    if n < 2 { 1 } else { n * factorial(n - 1) }
}

pub(super) fn check() {
    assert_eq!(factorial(3), 6);
}
