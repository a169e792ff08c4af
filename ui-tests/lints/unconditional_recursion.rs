//! A function that does nothing but call itself.
// differs: the call is in a closure, where rustc does not look for one.

#![deny(unconditional_recursion)]

#[instrumented]
fn forever(n: u8) -> u8 {
    forever(n)
}

fn main() {
    forever(1);
}
