//! A reference to a local, and to an argument taken by value, returned.

#[instrumented]
fn local<'a>() -> &'a str {
    let text = String::new();
    &text
}

#[instrumented]
fn argument<'a>(text: String) -> &'a str {
    text.as_str()
}

fn main() {}
