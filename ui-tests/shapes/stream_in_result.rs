//! Streams in the `Result` of an `async fn`: opaque, boxed, through an alias, and refused.
// ends: ok ok error

use futures::executor::block_on;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};

#[instrumented(stream)]
async fn opaque(to: u8) -> Result<impl Stream<Item = u8>, String> {
    let to = std::future::ready(Ok::<_, String>(to)).await?;
    Ok(stream::iter(0..to))
}

#[instrumented(stream)]
async fn boxed(to: u8) -> anyhow::Result<BoxStream<'static, u8>> {
    anyhow::ensure!(to < 9, "too many");
    Ok(stream::iter(0..to).boxed())
}

pub(super) fn check() {
    block_on(async {
        assert_eq!(opaque(2).await.expect("a stream").collect::<Vec<_>>().await, [0, 1]);
        assert_eq!(boxed(1).await.expect("a stream").collect::<Vec<_>>().await, [0]);
        assert!(boxed(9).await.is_err());
    });
}
