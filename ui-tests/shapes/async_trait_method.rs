//! `#[async_trait]` on the implementation, the attribute inside.

use async_trait::async_trait;
use futures::executor::block_on;

#[async_trait]
trait Speak: Send + Sync {
    async fn speak(&self, times: usize) -> String;
}

struct Dog;

#[async_trait]
impl Speak for Dog {
    #[instrumented]
    async fn speak(&self, times: usize) -> String {
        std::future::ready("wuff".repeat(times)).await
    }
}

pub(super) fn check() {
    let dog: Box<dyn Speak> = Box::new(Dog);
    assert_eq!(block_on(dog.speak(2)), "wuffwuff");
}
