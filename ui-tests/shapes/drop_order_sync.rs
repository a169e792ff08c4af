//! Parameters are dropped in their own order: the last first, moved ones where they went.

use std::cell::RefCell;

struct Noisy<'a>(&'a RefCell<Vec<&'static str>>, &'static str);

impl Drop for Noisy<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

#[instrumented]
fn body<'a>(first: Noisy<'a>, _unused: Noisy<'a>, last: Noisy<'a>, moved: Noisy<'a>) {
    drop(moved);
    let _inner = Noisy(last.0, "inner");
    first.0.borrow_mut().push("body");
}

pub(super) fn check() {
    let log = RefCell::new(vec![]);
    let noisy = |name| Noisy(&log, name);
    body(noisy("first"), noisy("_unused"), noisy("last"), noisy("moved"));
    assert_eq!(*log.borrow(), ["moved", "body", "inner", "last", "_unused", "first"]);
}
