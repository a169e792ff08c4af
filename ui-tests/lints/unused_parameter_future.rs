//! A parameter that nothing reads, of functions that return futures.

#![deny(unused_variables)]

use std::pin::Pin;

#[instrumented]
fn tail(n: u8, read: u8) -> impl Future<Output = u8> {
    async move { read }
}

#[instrumented]
fn boxed(n: u8, read: u8) -> Pin<Box<dyn Future<Output = u8>>> {
    let local = 1;
    Box::pin(async move { read })
}

fn main() {
    drop(tail(1, 2));
    drop(boxed(1, 2));
}
