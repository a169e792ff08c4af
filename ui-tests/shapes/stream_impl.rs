//! `-> impl Stream`, followed to its end.

use futures::executor::block_on;
use futures::{Stream, StreamExt, stream};

#[instrumented(stream)]
fn numbers(to: u8) -> impl Stream<Item = u8> {
    stream::iter(0..to).map(|n| {
        crate::in_the_span();
        n
    })
}

pub(super) fn check() {
    assert_eq!(block_on(numbers(3).collect::<Vec<_>>()), [0, 1, 2]);
}
