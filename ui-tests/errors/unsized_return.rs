//! Types that have no size, returned and taken.

#[instrumented]
fn text(of: str) -> usize {
    of.len()
}

#[instrumented]
fn slice(of: &[u8]) -> [u8] {
    *of
}

fn main() {}
