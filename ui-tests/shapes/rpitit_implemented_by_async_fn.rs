//! A trait's method that returns `impl Future`, implemented as an `async fn`.

use futures::executor::block_on;

trait Speak {
    fn speak(&self, times: usize) -> impl Future<Output = String> + Send;
}

struct Dog;

impl Speak for Dog {
    #[instrumented]
    async fn speak(&self, times: usize) -> String {
        "wuff".repeat(times)
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Dog.speak(2)), "wuffwuff");
}
