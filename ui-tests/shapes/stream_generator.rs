//! A stream written with `async_stream`.
// ends: ok error

use async_stream::{stream, try_stream};
use futures::executor::block_on;
use futures::{Stream, StreamExt};

#[instrumented(stream)]
fn words(text: &str) -> impl Stream<Item = &str> {
    stream! {
        for word in text.split(' ') {
            crate::in_the_span();
            yield word;
        }
    }
}

#[instrumented(stream)]
fn numbers(text: &str) -> impl Stream<Item = Result<u8, std::num::ParseIntError>> {
    try_stream! {
        for word in text.split(' ') {
            let number: u8 = word.parse()?;
            yield number;
        }
    }
}

pub(super) fn check() {
    assert_eq!(block_on(words("a b").collect::<Vec<_>>()), ["a", "b"]);
    assert_eq!(block_on(numbers("1 x").count()), 2);
}
