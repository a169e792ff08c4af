//! A function that does nothing but call itself.

#![deny(unconditional_recursion)]

#[instrumented]
fn forever(n: u8) -> u8 {
    forever(n)
}

fn main() {
    forever(1);
}
