//! Annotated functions as values: a pointer, an argument of `map`.
// ends: ok ok ok

#[instrumented]
fn double(n: u8) -> u8 {
    n * 2
}

pub(super) fn check() {
    let pointer: fn(u8) -> u8 = double;
    assert_eq!(pointer(1), 2);
    assert_eq!([1, 2].map(double), [2, 4]);
}
