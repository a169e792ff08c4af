//! Locals, assignments, labels, imports and macros that are of no use.

#![deny(unused)]

#[instrumented]
fn one(n: u8) -> u8 {
    use std::fmt::Display;

    let unused = n;
    let mut assigned = 1;
    'label: loop {
        assigned = 2;
        break;
    }
    n
}

fn main() {
    one(1);
}
