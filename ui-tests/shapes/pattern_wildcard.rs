//! `_` alone: the argument lives until the function ends, unless the caller's.

#[instrumented]
fn ignore(_: String, _: &str, n: u8) -> u8 {
    n
}

pub(super) fn check() {
    assert_eq!(ignore(String::new(), "", 1), 1);
}
