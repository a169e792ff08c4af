//! A tail whose temporary borrows a local.

use std::cell::RefCell;

#[instrumented]
fn length(word: &str) -> usize {
    let cell = RefCell::new(word.to_owned());
    cell.borrow().len()
}

pub(super) fn check() {
    assert_eq!(length("abc"), 3);
}
