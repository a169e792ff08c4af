//! `self: Arc<Self>`, `async`, the future outliving the caller's handle.

use std::sync::Arc;

use futures::executor::block_on;

struct Shared(u32);

impl Shared {
    #[instrumented]
    async fn plus(self: Arc<Self>, n: u32) -> u32 {
        self.0 + std::future::ready(n).await
    }
}

fn assert_static<T: Send + 'static>(value: T) -> T {
    value
}

pub(super) fn check() {
    let future = assert_static(Arc::new(Shared(1)).plus(2));
    assert_eq!(block_on(future), 3);
}
