//! A stream whose last item is an `Err` ends as one.
// ends: error ok

use futures::executor::block_on;
use futures::{Stream, StreamExt, stream};

#[instrumented(stream)]
fn chunks(of: Vec<Result<u8, String>>) -> impl Stream<Item = Result<u8, String>> {
    stream::iter(of)
}

pub(super) fn check() {
    let failing = vec![Ok(1), Err("cut".to_owned())];
    assert_eq!(block_on(chunks(failing).count()), 2);
    let recovered = vec![Err("cut".to_owned()), Ok(1)];
    assert_eq!(block_on(chunks(recovered).count()), 2);
}
