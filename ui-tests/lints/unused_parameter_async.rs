//! A parameter that nothing reads, `async`.

#![deny(unused_variables)]

#[instrumented]
async fn one(n: u8, read: u8) -> u8 {
    read
}

fn main() {
    drop(one(1, 2));
}
