//! `std::boxed::Box::pin`, `::std::boxed::Box::pin`, `<Box<_>>::pin` and `Box::<_>::pin`.
// ends: ok ok ok ok

use std::boxed;

use futures::executor::block_on;
use futures::future::BoxFuture;

#[instrumented]
fn std_path(n: u32) -> BoxFuture<'static, u32> {
    std::boxed::Box::pin(async move {
        crate::in_the_span();
        n
    })
}

#[instrumented]
fn global_path(n: u32) -> BoxFuture<'static, u32> {
    ::std::boxed::Box::pin(async move {
        crate::in_the_span();
        n
    })
}

#[instrumented]
fn turbofish(n: u32) -> BoxFuture<'static, u32> {
    Box::<_>::pin(async move {
        crate::in_the_span();
        n
    })
}

#[instrumented]
fn module_path(n: u32) -> BoxFuture<'static, u32> {
    boxed::Box::pin(async move {
        crate::in_the_span();
        n
    })
}

pub(super) fn check() {
    assert_eq!(block_on(std_path(1)) + block_on(global_path(2)), 3);
    assert_eq!(block_on(turbofish(1)) + block_on(module_path(2)), 3);
}
