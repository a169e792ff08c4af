//! A tail of another type than the function's, `async`.

#[instrumented]
async fn number(text: &str) -> u8 {
    text.len()
}

fn main() {
    drop(number(""));
}
