//! Calls of an annotated function with too few arguments, and with others.

#[instrumented]
fn sum(left: u8, right: u8) -> u8 {
    left + right
}

fn main() {
    sum(1);
    sum(1, "two");
    sum::<u8>(1, 2);
}
