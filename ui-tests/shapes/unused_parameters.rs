//! Parameters that nothing reads, named so.

#[instrumented]
fn constant(_: u8, _unused: String, _callback: impl Fn()) -> u8 {
    1
}

pub(super) fn check() {
    assert_eq!(constant(0, String::new(), || ()), 1);
}
