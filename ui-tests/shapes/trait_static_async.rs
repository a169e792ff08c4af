//! `async` functions of a trait without a receiver, implemented and by default.
// ends: ok ok

use futures::executor::block_on;

trait Named {
    async fn name() -> String;

    #[instrumented]
    async fn greeting() -> String {
        format!("hello {}", Self::name().await)
    }
}

struct Dog;

impl Named for Dog {
    #[instrumented]
    async fn name() -> String {
        "dog".to_owned()
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Dog::greeting()), "hello dog");
}
