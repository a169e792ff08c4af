//! A user's own type with a `pin`, called like the standard one's.

use futures::executor::block_on;

struct MyBox<F>(F);

impl<F: Future> MyBox<F> {
    fn pin(future: F) -> Self {
        Self(future)
    }
}

#[instrumented]
fn wrapped(n: u8) -> MyBox<impl Future<Output = u8>> {
    MyBox::pin(async move { n })
}

pub(super) fn check() {
    assert_eq!(block_on(wrapped(1).0), 1);
}
