//! A `return` of another type than the function's, `async`.

#[instrumented]
async fn number(text: &str) -> u8 {
    if text.is_empty() {
        return "none";
    }
    1
}

fn main() {
    drop(number(""));
}
