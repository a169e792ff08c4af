//! Futures of annotated functions, joined and raced.
// ends: ok ok ok cancelled

use futures::executor::block_on;
use futures::future::{Either, join, select};

#[instrumented]
async fn double(n: u32) -> u32 {
    std::future::ready(n).await * 2
}

#[instrumented]
async fn forever() {
    std::future::pending::<()>().await;
}

pub(super) fn check() {
    assert_eq!(block_on(join(double(1), double(2))), (2, 4));
    let first = block_on(select(Box::pin(forever()), Box::pin(double(3))));
    assert!(matches!(first, Either::Right((6, _))));
}
