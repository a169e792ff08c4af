//! References into what lives only for the expression.
// ends: ok ok

use std::cell::RefCell;

use futures::executor::block_on;

#[instrumented(fields(text = n.to_string().as_str(), inner = cell.borrow().as_str(), length = format!("{n}").len()))]
fn clear(n: u8, cell: &RefCell<String>) {
    assert_eq!(n, 1);
    cell.borrow_mut().clear();
}

#[instrumented(fields(text = n.to_string().as_str(), inner = cell.borrow().as_str()))]
async fn clear_later(n: u8, cell: &RefCell<String>) {
    std::future::ready(n).await;
    cell.borrow_mut().clear();
}

pub(super) fn check() {
    let cell = RefCell::new("a".to_owned());
    clear(1, &cell);
    block_on(clear_later(1, &cell));
    assert_eq!(cell.into_inner(), "");
}
