//! Inner attributes and inner documentation in the body.

#[instrumented]
fn one(n: u8) -> u8 {
    //! One, whatever it is given.
    #![allow(unused_variables, unused_mut)]
    let mut one = 1;
    one
}

pub(super) fn check() {
    assert_eq!(one(2), 1);
}
