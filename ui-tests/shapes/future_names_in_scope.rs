//! A name that the body brings into scope hides one of the return type.

use std::future::Future;
use std::pin::Pin;

pub(super) struct Reply(u8);

mod parts {
    #[allow(non_snake_case)]
    pub(super) fn Reply(n: u8) -> super::Reply {
        super::Reply(n)
    }
}

#[instrumented]
fn reply(n: u8) -> Pin<Box<dyn Future<Output = Reply>>> {
    use parts::*;
    const ONE: u8 = 1;
    Box::pin(async move { Reply(n + ONE) })
}

pub(super) fn check() {
    assert_eq!(futures::executor::block_on(reply(2)).0, 3);
}
