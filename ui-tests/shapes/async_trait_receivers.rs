//! `&mut self`, `self` and `Arc<Self>` under `#[async_trait]`.
// ends: ok ok ok

use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;

#[async_trait]
trait Count {
    async fn bump(&mut self) -> u32;
    async fn shared(self: Arc<Self>) -> u32;
    async fn finish(self) -> u32;
}

struct Counter(u32);

#[async_trait]
impl Count for Counter {
    #[instrumented]
    async fn bump(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }

    #[instrumented]
    async fn shared(self: Arc<Self>) -> u32 {
        self.0
    }

    #[instrumented]
    async fn finish(mut self) -> u32 {
        self.0 += 10;
        self.0
    }
}

pub(super) fn check() {
    let mut counter = Counter(1);
    assert_eq!(block_on(counter.bump()), 2);
    assert_eq!(block_on(counter.finish()), 12);
    assert_eq!(block_on(Arc::new(Counter(5)).shared()), 5);
}
