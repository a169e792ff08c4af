//! Patterns and unused parameters under `#[async_trait]`.

use async_trait::async_trait;
use futures::executor::block_on;

#[async_trait]
trait Sum {
    async fn sum(&self, pair: (u32, u32), unused: u8) -> u32;
}

struct Adder;

#[async_trait]
impl Sum for Adder {
    #[instrumented]
    async fn sum(&self, (left, right): (u32, u32), _: u8) -> u32 {
        left + right
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Adder.sum((1, 2), 0)), 3);
}
