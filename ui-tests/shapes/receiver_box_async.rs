//! `self: Box<Self>`, `async`.

use futures::executor::block_on;

struct Owner(String);

impl Owner {
    #[instrumented]
    #[allow(clippy::boxed_local, reason = "that is the case")]
    async fn into_inner(self: Box<Self>) -> String {
        std::future::ready(self.0).await
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Box::new(Owner("a".to_owned())).into_inner()), "a");
}
