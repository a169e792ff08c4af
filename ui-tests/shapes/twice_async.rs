//! Two attributes on one `async fn`, and on one that returns a boxed future.
// ends: error error ok ok

use futures::executor::block_on;
use futures::future::BoxFuture;

#[instrumented]
#[instrumented]
async fn fail(n: u8) -> Result<(), u8> {
    Err(std::future::ready(n).await)
}

#[instrumented]
#[instrumented]
fn boxed(n: &u8) -> BoxFuture<'_, u8> {
    Box::pin(async move { *n })
}

pub(super) fn check() {
    assert_eq!(block_on(fail(2)), Err(2));
    assert_eq!(block_on(boxed(&2)), 2);
}
