//! `&self`, `async`.

use futures::executor::block_on;

struct Counter(u32);

impl Counter {
    #[instrumented]
    async fn plus(&self, n: u32) -> u32 {
        self.0 + std::future::ready(n).await
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Counter(1).plus(2)), 3);
}
