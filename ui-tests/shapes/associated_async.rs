//! An associated `async fn` without a receiver.

use futures::executor::block_on;

struct Counter {
    count: u32,
}

impl Counter {
    #[instrumented]
    async fn starting_at(count: u32) -> Self {
        let count = std::future::ready(count).await;
        Self { count }
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Counter::starting_at(3)).count, 3);
}
