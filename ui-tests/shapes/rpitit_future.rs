//! A trait's method that returns `impl Future + Send`, implemented as an `async` block.

use futures::executor::block_on;

trait Speak {
    fn speak(&self, times: usize) -> impl Future<Output = String> + Send;
}

struct Dog;

impl Speak for Dog {
    #[instrumented]
    fn speak(&self, times: usize) -> impl Future<Output = String> + Send {
        async move { "wuff".repeat(times) }
    }
}

fn assert_send<T: Send>(value: T) -> T {
    value
}

pub(super) fn check() {
    assert_eq!(block_on(assert_send(Dog.speak(2))), "wuffwuff");
}
