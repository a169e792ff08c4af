//! A reference to a local, and to an argument taken by value, returned, `async`.

#[instrumented]
async fn local<'a>() -> &'a str {
    let text = String::new();
    &text
}

#[instrumented]
async fn argument<'a>(text: String) -> &'a str {
    text.as_str()
}

fn main() {}
