//! A parameter that nothing reads.

#![deny(unused_variables)]

#[instrumented]
fn one(n: u8, read: u8) -> u8 {
    read
}

fn main() {
    one(1, 2);
}
