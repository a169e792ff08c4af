//! What is returned holds a borrow that the return type does not name.
// differs: errors about a returned `impl Trait` point at the return type.

#[instrumented]
fn words(text: &str) -> Box<dyn Iterator<Item = &'static str>> {
    Box::new(text.split(' '))
}

#[instrumented]
fn numbers(to: &u8) -> impl Iterator<Item = u8> + use<> {
    (0..9).filter(move |n| n < to)
}

fn main() {}
