//! Inner attributes in the body, `async`.

use futures::executor::block_on;

#[instrumented]
async fn one(n: u8) -> u8 {
    #![allow(unused_variables)]
    let unused = std::future::ready(2).await;
    1
}

pub(super) fn check() {
    assert_eq!(block_on(one(2)), 1);
}
