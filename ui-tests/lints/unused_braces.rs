//! Braces, parentheses and semicolons that nothing needs.

#![deny(unused_braces, unused_parens, redundant_semicolons)]

#[instrumented]
fn one(n: u8) -> u8 {
    let one = (1);;
    if { n > 1 } {
        return (2);
    }
    one
}

#[instrumented]
async fn later(n: u8) -> u8 {
    while { n > 1 } {}
    (n + 1)
}

fn main() {
    one(1);
    drop(later(1));
}
