//! A default method of a trait that returns `impl Future`.

use futures::executor::block_on;

trait Speak: Sync {
    fn word(&self) -> &'static str;

    #[instrumented]
    fn speak(&self, times: usize) -> impl Future<Output = String> + Send {
        async move { self.word().repeat(times) }
    }
}

struct Dog;

impl Speak for Dog {
    fn word(&self) -> &'static str {
        "wuff"
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Dog.speak(2)), "wuffwuff");
}
