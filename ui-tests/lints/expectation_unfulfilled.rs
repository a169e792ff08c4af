//! An `expect` that nothing fulfils, and one that something does.

#![deny(unfulfilled_lint_expectations)]

#[instrumented]
#[expect(unused_variables)]
fn read(n: u8) -> u8 {
    n
}

#[instrumented]
#[expect(unused_variables)]
fn unread(n: u8) -> u8 {
    1
}

fn main() {
    read(1);
    unread(1);
}
