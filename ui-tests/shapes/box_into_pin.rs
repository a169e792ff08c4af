//! `Box::into_pin`, `Pin::from` and `.into()` of a boxed future, with `future`.
// ends: ok ok ok

use std::pin::Pin;

use futures::executor::block_on;

type Boxed = Pin<Box<dyn Future<Output = u32> + Send>>;

#[instrumented(future)]
fn into_pin(n: u32) -> Boxed {
    Box::into_pin(Box::new(async move { n }))
}

#[instrumented(future)]
fn from(n: u32) -> Boxed {
    Pin::from(Box::new(async move { n }) as Box<dyn Future<Output = u32> + Send>)
}

#[instrumented(future)]
fn into(n: u32) -> Boxed {
    let boxed: Box<dyn Future<Output = u32> + Send> = Box::new(async move { n });
    boxed.into()
}

pub(super) fn check() {
    assert_eq!(block_on(into_pin(1)) + block_on(from(2)) + block_on(into(3)), 6);
}
