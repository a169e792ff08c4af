//! A body that ends in a statement where a value is due.

#[instrumented]
fn number(n: u8) -> u8 {
    n + 1;
}

#[instrumented]
async fn later(n: u8) -> Result<u8, String> {
    Ok(n);
}

#[instrumented]
fn empty() -> u8 {}

fn main() {
    number(1);
    drop(later(1));
    empty();
}
