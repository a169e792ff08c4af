//! Types that have no size, returned and taken.
// differs: a value without a size cannot be handed on, which is one error more.

#[instrumented]
fn text(of: str) -> usize {
    of.len()
}

#[instrumented]
fn slice(of: &[u8]) -> [u8] {
    *of
}

fn main() {}
