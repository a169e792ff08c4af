//! A function without a receiver under `#[async_trait]`.

use async_trait::async_trait;
use futures::executor::block_on;

#[async_trait]
trait Named {
    async fn name(prefix: &str, suffix: String) -> String;
}

struct Dog;

#[async_trait]
impl Named for Dog {
    #[instrumented]
    async fn name(prefix: &str, suffix: String) -> String {
        format!("{prefix}{suffix}")
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Dog::name("a", "b".to_owned())), "ab");
}
