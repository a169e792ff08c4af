//! Lifetimes written out, `async`.

use futures::executor::block_on;

#[instrumented]
async fn pick<'a, 'b: 'a>(left: &'a str, right: &'b str, first: bool) -> &'a str {
    if std::future::ready(first).await { left } else { right }
}

pub(super) fn check() {
    assert_eq!(block_on(pick("a", "b", false)), "b");
}
