//! `async fn .. -> !`, ended by a panic.
// ends: panic

use futures::executor::block_on;

#[instrumented]
async fn fail(code: u8) -> ! {
    let code = std::future::ready(code).await;
    std::panic::resume_unwind(Box::new(code))
}

pub(super) fn check() {
    let payload = std::panic::catch_unwind(|| block_on(fail(3))).expect_err("it never returns");
    assert_eq!(payload.downcast_ref::<u8>(), Some(&3));
}
