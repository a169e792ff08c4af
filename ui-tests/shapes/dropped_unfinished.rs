//! A future that is polled once and dropped.
// ends: cancelled

use std::task::{Context, Poll, Waker};

#[instrumented]
async fn forever(n: u32) -> u32 {
    std::future::pending::<()>().await;
    n
}

pub(super) fn check() {
    let mut future = Box::pin(forever(2));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(future.as_mut().poll(&mut cx), Poll::Pending);
}
