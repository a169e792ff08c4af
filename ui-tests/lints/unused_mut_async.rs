//! `mut` that nothing needs, `async`.

#![deny(unused_mut)]

#[instrumented]
async fn sum(mut n: u8) -> u8 {
    let mut one = 1;
    n + one
}

fn main() {
    drop(sum(2));
}
