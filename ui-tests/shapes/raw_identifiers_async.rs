//! Raw identifiers, `async`.

use futures::executor::block_on;

#[instrumented]
async fn r#move<'r#in>(r#ref: &'r#in str) -> &'r#in str {
    std::future::ready(r#ref).await
}

pub(super) fn check() {
    assert_eq!(block_on(r#move("a")), "a");
}
