//! A stream that is dropped before its end, and one that is never polled.
// ends: cancelled

use futures::executor::block_on;
use futures::{Stream, StreamExt, stream};

#[instrumented(stream)]
fn numbers(from: u8) -> impl Stream<Item = u8> + Unpin {
    stream::iter(from..)
}

pub(super) fn check() {
    assert_eq!(block_on(numbers(3).next()), Some(3));
    drop(numbers(4));
}
