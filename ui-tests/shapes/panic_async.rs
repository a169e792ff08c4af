//! A panic in an `async` body, after an await.
// ends: panic

use futures::executor::block_on;

#[instrumented]
async fn checked(n: u8) -> u8 {
    let n = std::future::ready(n).await;
    assert!(n > 9, "too small: {n}");
    n
}

pub(super) fn check() {
    let payload = std::panic::catch_unwind(|| block_on(checked(3))).expect_err("it panics");
    assert_eq!(payload.downcast_ref::<String>().map(String::as_str), Some("too small: 3"));
}
