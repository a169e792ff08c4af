//! A body that does not parse: its function is still there for others.

#[instrumented]
fn number(n: u8) -> u8 {
    let doubled = n * ;
    doubled
}

fn main() {
    let _: u8 = number(1);
}
