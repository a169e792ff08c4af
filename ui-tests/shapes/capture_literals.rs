//! Literals and constants of every kind.

#![allow(dead_code, reason = "only the attribute uses it")]

const LIMIT: usize = 3;

#[instrumented(fields(
    integer = 3,
    negative = -3,
    float = 1.5,
    boolean = false,
    character = 'c',
    string = "s",
    bytes = b"bytes",
    array = [1, 2],
    tuple = (1, "two"),
    constant = LIMIT,
    none = None::<u8>,
    unit = (),
))]
fn one() -> u8 {
    1
}

pub(super) fn check() {
    assert_eq!(one(), 1);
}
