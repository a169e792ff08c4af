//! A default method in a trait under `#[async_trait]`.

use async_trait::async_trait;
use futures::executor::block_on;

#[async_trait]
trait Speak: Send + Sync {
    fn word(&self) -> &str;

    #[instrumented]
    async fn speak(&self, times: usize) -> String {
        self.word().repeat(times)
    }
}

struct Dog(String);

impl Speak for Dog {
    fn word(&self) -> &str {
        &self.0
    }
}

pub(super) fn check() {
    let dog: Box<dyn Speak> = Box::new(Dog("wuff".to_owned()));
    assert_eq!(block_on(dog.speak(2)), "wuffwuff");
}
