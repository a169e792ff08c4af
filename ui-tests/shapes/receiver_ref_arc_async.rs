//! `self: &Arc<Self>`, `async`.

use std::sync::Arc;

use futures::executor::block_on;

struct Shared(u32);

impl Shared {
    #[instrumented]
    async fn another(self: &Arc<Self>) -> Arc<Self> {
        std::future::ready(Self::clone_of(self)).await
    }

    fn clone_of(this: &Arc<Self>) -> Arc<Self> {
        Arc::clone(this)
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Arc::new(Shared(1)).another()).0, 1);
}
