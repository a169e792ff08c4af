//! Parameters are dropped in their own order, `async`.

use std::cell::RefCell;

use futures::executor::block_on;

struct Noisy<'a>(&'a RefCell<Vec<&'static str>>, &'static str);

impl Drop for Noisy<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

#[instrumented]
async fn body<'a>(
    first: Noisy<'a>,
    _unused: Noisy<'a>,
    last: Noisy<'a>,
    moved: Noisy<'a>,
) {
    drop(moved);
    let _inner = Noisy(last.0, "inner");
    let name = std::future::ready("body").await;
    first.0.borrow_mut().push(name);
}

pub(super) fn check() {
    let log = RefCell::new(vec![]);
    let noisy = |name| Noisy(&log, name);
    block_on(body(noisy("first"), noisy("_unused"), noisy("last"), noisy("moved")));
    assert_eq!(*log.borrow(), ["moved", "body", "inner", "last", "_unused", "first"]);
}
