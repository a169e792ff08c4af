//! A future that is not `Send` and need not be.

use std::rc::Rc;

use futures::executor::block_on;

#[instrumented]
async fn count(shared: Rc<str>, other: &Rc<str>) -> usize {
    std::future::ready(()).await;
    Rc::strong_count(&shared) + other.len()
}

pub(super) fn check() {
    let shared: Rc<str> = "a".into();
    assert_eq!(block_on(count(Rc::clone(&shared), &shared)), 3);
}
