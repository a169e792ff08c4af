//! Trait objects as arguments.

use std::fmt::Write;

#[instrumented]
fn write(to: &mut dyn Write, what: &dyn std::fmt::Display, why: Box<dyn std::fmt::Debug>) {
    write!(to, "{what} {why:?}").expect("a string takes everything");
}

pub(super) fn check() {
    let mut text = String::new();
    write(&mut text, &1, Box::new("a"));
    assert_eq!(text, "1 \"a\"");
}
