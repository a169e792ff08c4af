//! A stream returned without `stream`: a value like any other.

use futures::executor::block_on;
use futures::{Stream, StreamExt, stream};

#[instrumented]
fn numbers(to: u8) -> impl Stream<Item = u8> {
    stream::iter(0..to)
}

pub(super) fn check() {
    assert_eq!(block_on(numbers(2).count()), 2);
}
