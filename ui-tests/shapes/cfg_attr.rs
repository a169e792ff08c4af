//! `cfg_attr` on the function and on a parameter, true and false.

#[cfg_attr(all(), must_use, inline)]
#[instrumented]
#[cfg_attr(any(), no_such_attribute)]
fn one(#[cfg_attr(all(), allow(unused_variables))] n: u8) -> u8 {
    1
}

pub(super) fn check() {
    assert_eq!(one(2), 1);
}
