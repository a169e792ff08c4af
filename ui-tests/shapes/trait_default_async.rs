//! A default `async fn` of a trait.

use futures::executor::block_on;

trait Speak {
    async fn word(&self) -> &'static str;

    #[instrumented]
    async fn speak(&self, times: usize) -> String {
        self.word().await.repeat(times)
    }
}

struct Dog;

impl Speak for Dog {
    async fn word(&self) -> &'static str {
        "wuff"
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Dog.speak(2)), "wuffwuff");
}
