//! Early returns, `async`.
// ends: ok ok

use futures::executor::block_on;

#[instrumented]
async fn small(n: u32) -> String {
    if std::future::ready(n).await > 9 {
        return "large".to_owned();
    }
    let Some(least) = n.checked_sub(1) else { return "none".to_owned() };
    format!("{least}")
}

pub(super) fn check() {
    assert_eq!(block_on(small(0)), "none");
    assert_eq!(block_on(small(10)), "large");
}
