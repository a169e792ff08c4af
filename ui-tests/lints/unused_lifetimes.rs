//! Lifetimes of a signature that are of no use, or used once.

#![deny(single_use_lifetimes, unused_lifetimes, elided_lifetimes_in_paths)]

struct Text<'a>(&'a str);

#[instrumented]
fn unused<'a>(text: Text) -> usize {
    text.0.len()
}

#[instrumented]
async fn once<'a>(text: &'a str) -> usize {
    text.len()
}

fn main() {
    unused(Text(""));
    drop(once(""));
}
