//! The parts of destructured parameters are dropped in their own order.
// ends: ok ok

use std::cell::RefCell;

struct Noisy<'a>(&'a RefCell<Vec<&'static str>>, &'static str);

impl Drop for Noisy<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

#[instrumented(skip(a, b, c))]
fn body<'a>((a, _, b): (Noisy<'a>, Noisy<'a>, Noisy<'a>), [c, ..]: [Noisy<'a>; 2]) {
    a.0.borrow_mut().push("body");
    let _ = (&b, &c);
}

#[instrumented(skip(a, b, c))]
async fn body_later<'a>((a, _, b): (Noisy<'a>, Noisy<'a>, Noisy<'a>), [c, ..]: [Noisy<'a>; 2]) {
    a.0.borrow_mut().push("body");
    let _ = (&b, &c);
}

pub(super) fn check() {
    let log = RefCell::new(vec![]);
    let noisy = |name| Noisy(&log, name);
    body((noisy("a"), noisy("a2"), noisy("b")), [noisy("c"), noisy("c2")]);
    assert_eq!(*log.borrow(), ["body", "c", "c2", "b", "a", "a2"]);
    log.borrow_mut().clear();
    let later = body_later((noisy("a"), noisy("a2"), noisy("b")), [noisy("c"), noisy("c2")]);
    futures::executor::block_on(later);
    assert_eq!(*log.borrow(), ["body", "c", "c2", "b", "a", "a2"]);
}
