//! Two attributes on one function.
// ends: ok ok

#[instrumented]
#[instrumented]
fn double(n: u8, _unused: String) -> u8 {
    n * 2
}

pub(super) fn check() {
    assert_eq!(double(2, String::new()), 4);
}
