//! What is `must_use` and unused: a function's result, a future, a `Result` in the body.

#![deny(unused_must_use)]

#[instrumented]
#[must_use = "a number is for counting"]
fn number() -> u8 {
    1
}

#[instrumented]
async fn later() {
    std::fs::remove_file("file");
}

#[instrumented]
fn fails() -> Result<(), String> {
    Err(String::new())
}

#[instrumented]
fn boxed() -> std::pin::Pin<Box<dyn Future<Output = u8>>> {
    Box::pin(async { 1 })
}

fn main() {
    number();
    later();
    fails();
    boxed();
}
