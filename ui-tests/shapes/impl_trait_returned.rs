//! `impl Trait` returned.

#[instrumented]
fn adder(n: u32) -> impl Fn(u32) -> u32 + Clone {
    move |m| n + m
}

pub(super) fn check() {
    assert_eq!(adder(1)(2), 3);
}
