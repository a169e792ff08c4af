//! `?` in a function that returns nothing.

#[instrumented]
fn parse(text: &str) {
    let _: u8 = text.parse()?;
}

#[instrumented]
async fn parse_later(text: &str) {
    let _: u8 = text.parse()?;
}

fn main() {
    parse("");
    drop(parse_later(""));
}
