//! A function that returns nothing, with a body of statements.

use std::cell::Cell;

#[instrumented]
fn bump(counter: &Cell<u32>) {
    counter.set(counter.get() + 1);
}

pub(super) fn check() {
    let counter = Cell::new(1);
    bump(&counter);
    assert_eq!(counter.get(), 2);
}
