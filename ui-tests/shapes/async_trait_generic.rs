//! A generic method, and one with lifetimes of its own, under `#[async_trait]`.
// ends: ok ok

use async_trait::async_trait;
use futures::executor::block_on;

#[async_trait]
trait Tell {
    async fn show<T: ToString + Send>(&self, of: T) -> String;
    async fn longer<'a>(&self, left: &'a str, right: &'a str) -> &'a str;
}

struct Teller;

#[async_trait]
impl Tell for Teller {
    #[instrumented]
    async fn show<T: ToString + Send>(&self, of: T) -> String {
        of.to_string()
    }

    #[instrumented]
    async fn longer<'a>(&self, left: &'a str, right: &'a str) -> &'a str {
        if left.len() > right.len() { left } else { right }
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Teller.show(3)), "3");
    assert_eq!(block_on(Teller.longer("a", "bb")), "bb");
}
