//! A tail whose temporary borrows a local, `async`.

use std::cell::RefCell;

use futures::executor::block_on;

#[instrumented]
async fn length(word: &str) -> usize {
    let cell = RefCell::new(std::future::ready(word.to_owned()).await);
    cell.borrow().len()
}

pub(super) fn check() {
    assert_eq!(block_on(length("abc")), 3);
}
