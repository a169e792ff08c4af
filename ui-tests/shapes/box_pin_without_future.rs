//! `Box::pin` of what is no future.

use std::cell::Cell;
use std::pin::Pin;

#[instrumented]
fn pinned(n: u8) -> Pin<Box<Cell<u8>>> {
    let n = n + 1;
    Box::pin(Cell::new(n))
}

pub(super) fn check() {
    assert_eq!(pinned(1).get(), 2);
}
