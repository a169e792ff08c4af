//! `self`, `async`.

use futures::executor::block_on;

struct Owner(String);

impl Owner {
    #[instrumented]
    async fn into_inner(self) -> String {
        std::future::ready(self.0).await
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Owner("a".to_owned()).into_inner()), "a");
}
