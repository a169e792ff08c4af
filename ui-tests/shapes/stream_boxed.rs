//! Boxed streams, by their own names and by aliases.
// ends: ok ok ok ok ok

use std::pin::Pin;

use futures::executor::block_on;
use futures::stream::{BoxStream, LocalBoxStream};
use futures::{Stream, StreamExt, stream};

#[instrumented(stream)]
fn boxed(to: u8) -> Pin<Box<dyn Stream<Item = u8> + Send>> {
    Box::pin(stream::iter(0..to))
}

#[instrumented(stream)]
fn alias<'a>(words: &'a [&'a str]) -> BoxStream<'a, usize> {
    stream::iter(words).map(|word| word.len()).boxed()
}

#[instrumented(stream)]
fn local(to: u8) -> LocalBoxStream<'static, u8> {
    stream::iter(0..to).boxed_local()
}

#[instrumented(stream)]
fn unpinned(to: u8) -> Box<dyn Stream<Item = u8> + Unpin> {
    Box::new(stream::iter(0..to))
}

#[instrumented(stream)]
async fn unpinned_or_error(to: u8) -> Result<Box<dyn Stream<Item = u8> + Send + Unpin>, String> {
    Ok(Box::new(stream::iter(0..to)))
}

pub(super) fn check() {
    assert_eq!(block_on(boxed(2).collect::<Vec<_>>()), [0, 1]);
    assert_eq!(block_on(alias(&["a"]).collect::<Vec<_>>()), [1]);
    assert_eq!(block_on(local(1).collect::<Vec<_>>()), [0]);
    assert_eq!(block_on(unpinned(1).collect::<Vec<_>>()), [0]);
    let stream = block_on(unpinned_or_error(1)).expect("it is `Ok`");
    assert_eq!(block_on(stream.collect::<Vec<_>>()), [0]);
}
