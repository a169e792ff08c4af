//! A closure that borrows an argument, returned.

#[instrumented]
fn adder(n: u8) -> impl Fn(u8) -> u8 {
    |m| n + m
}

fn main() {
    adder(1)(2);
}
