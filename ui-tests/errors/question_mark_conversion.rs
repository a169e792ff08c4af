//! `?` on an error that the function's does not come from.

struct Ours;

#[instrumented]
fn parse(text: &str) -> Result<u8, Ours> {
    Ok(text.parse()?)
}

#[instrumented]
async fn parse_later(text: &str) -> Result<u8, Ours> {
    let number = text.parse::<u8>()?;
    Ok(number)
}

fn main() {
    let _ = parse("");
    drop(parse_later(""));
}
