//! A literal that its type cannot hold.

#![deny(overflowing_literals)]

#[instrumented]
fn large() -> u8 {
    300
}

#[instrumented]
async fn large_later() -> i8 {
    let large: i8 = 200;
    large
}

fn main() {
    large();
    drop(large_later());
}
