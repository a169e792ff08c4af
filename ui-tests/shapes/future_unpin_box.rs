//! A boxed future that may be moved.
// ends: ok ok

use std::future::{Future, ready};

#[instrumented]
fn three() -> Box<dyn Future<Output = u8> + Unpin + Send> {
    Box::new(ready(3))
}

#[instrumented]
fn here() -> Box<dyn Future<Output = u8> + Unpin> {
    Box::new(Box::pin(async { 4 }))
}

pub(super) fn check() {
    assert_eq!(futures::executor::block_on(three()), 3);
    assert_eq!(futures::executor::block_on(here()), 4);
}
