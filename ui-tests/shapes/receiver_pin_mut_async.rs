//! `self: Pin<&mut Self>`, `async`.

use std::pin::{Pin, pin};

use futures::executor::block_on;

struct Counter(u32);

impl Counter {
    #[instrumented]
    async fn add(mut self: Pin<&mut Self>, n: u32) -> u32 {
        self.0 += std::future::ready(n).await;
        self.0
    }
}

pub(super) fn check() {
    let counter = pin!(Counter(1));
    assert_eq!(block_on(counter.add(2)), 3);
}
