//! The function of `Drop`, which the compiler calls.

use std::cell::Cell;

struct Noisy<'a>(&'a Cell<bool>);

impl Drop for Noisy<'_> {
    #[instrumented]
    fn drop(&mut self) {
        self.0.set(true);
    }
}

pub(super) fn check() {
    let dropped = Cell::new(false);
    drop(Noisy(&dropped));
    assert!(dropped.get());
}
