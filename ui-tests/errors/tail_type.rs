//! A tail of another type than the function's.

#[instrumented]
fn number(text: &str) -> u8 {
    text.len()
}

fn main() {
    number("");
}
