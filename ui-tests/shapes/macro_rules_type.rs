//! Types handed on as fragments: one that has no values, and a future.
// ends: panic ok

use futures::executor::block_on;
use futures::future::BoxFuture;

macro_rules! define {
    ($name:ident($argument:ident: $ty:ty) -> $output:ty $body:block) => {
        #[instrumented]
        fn $name($argument: $ty) -> $output $body
    };
}

define!(fail(code: u8) -> ! { std::panic::resume_unwind(Box::new(code)) });

define!(later(n: u8) -> BoxFuture<'static, u8> { Box::pin(std::future::ready(n)) });

pub(super) fn check() {
    let payload = std::panic::catch_unwind(|| fail(3)).expect_err("it never returns");
    assert_eq!(payload.downcast_ref::<u8>(), Some(&3));
    assert_eq!(block_on(later(2)), 2);
}
