//! Values of several types, coerced to `Box<dyn Trait>` at the tail and at a return.

use std::fmt::Display;

#[instrumented]
fn shown(n: u8) -> Box<dyn Display> {
    if n > 9 {
        return Box::new("large");
    }
    Box::new(n)
}

pub(super) fn check() {
    assert_eq!(shown(1).to_string(), "1");
}
