//! A free function.

#[instrumented]
fn double(n: u32) -> u32 {
    n * 2
}

pub(super) fn check() {
    assert_eq!(double(2), 4);
}
