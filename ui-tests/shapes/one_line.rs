//! Bodies on one line, which lints on braces look at.
// ends: ok ok ok ok ok ok

#![deny(unused_braces)]

use futures::executor::block_on;
use futures::future::BoxFuture;

#[rustfmt::skip]
#[instrumented]
fn sync(n: u8) -> u8 { n * 2 }

#[rustfmt::skip]
#[instrumented]
async fn later(n: u8) -> u8 { n * 2 }

#[rustfmt::skip]
#[instrumented]
fn tail(n: u8) -> impl Future<Output = u8> { async move { n * 2 } }

#[rustfmt::skip]
#[instrumented]
fn boxed(n: u8) -> BoxFuture<'static, u8> { Box::pin(async move { n * 2 }) }

#[rustfmt::skip]
#[instrumented]
fn closure() -> impl Fn(&str) -> usize { |s| s.len() }

#[rustfmt::skip]
#[instrumented]
async fn closures() -> (impl Fn(&str) -> usize, u8) { (|s| s.len(), 2) }

pub(super) fn check() {
    assert_eq!(sync(1) + block_on(later(2)), 6);
    assert_eq!((closure()("four"), block_on(closures()).0("two")), (4, 3));
    assert_eq!(block_on(tail(1)) + block_on(boxed(2)), 6);
}
