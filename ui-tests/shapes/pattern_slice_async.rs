//! Array patterns, `async`.

use futures::executor::block_on;

#[instrumented]
async fn ends([first, .., last]: [String; 3]) -> String {
    std::future::ready(first).await + &last
}

pub(super) fn check() {
    assert_eq!(block_on(ends(["a", "b", "c"].map(str::to_owned))), "ac");
}
