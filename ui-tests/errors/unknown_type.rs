//! A type that cannot be inferred.

#[instrumented]
fn parse(text: &str) -> usize {
    let numbers = text.split(' ').map(|word| word.parse().unwrap()).collect();
    text.len()
}

fn main() {
    parse("");
}
