//! A stream as what an `async fn` returns.

use futures::executor::block_on;
use futures::{Stream, StreamExt, stream};

#[instrumented(stream)]
async fn numbers(to: &u8) -> impl Stream<Item = u8> + use<> {
    let to = std::future::ready(*to).await;
    stream::iter(0..to)
}

pub(super) fn check() {
    assert_eq!(block_on(async { numbers(&2).await.collect::<Vec<_>>().await }), [0, 1]);
}
