//! A user's own `Box` with a `pin` of its own.

use futures::executor::block_on;

struct Box<F>(F);

impl<F: Future> Box<F> {
    fn pin(future: F) -> Self {
        Self(future)
    }
}

#[instrumented]
fn wrapped(n: u8) -> Box<impl Future<Output = u8>> {
    Box::pin(async move { n })
}

pub(super) fn check() {
    assert_eq!(block_on(wrapped(1).0), 1);
}
