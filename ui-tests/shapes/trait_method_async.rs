//! An `async fn` in the implementation of a trait.

use futures::executor::block_on;

trait Speak {
    async fn speak(&self, times: usize) -> String;
}

struct Dog;

impl Speak for Dog {
    #[instrumented]
    async fn speak(&self, times: usize) -> String {
        std::future::ready("wuff".repeat(times)).await
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Dog.speak(2)), "wuffwuff");
}
