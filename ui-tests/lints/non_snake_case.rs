//! Names that are not in snake case: the function's, a parameter's, a local's.

#![deny(non_snake_case)]

#[instrumented]
fn camelCase(someNumber: u8) -> u8 {
    let anotherOne = someNumber;
    anotherOne
}

fn main() {
    camelCase(1);
}
