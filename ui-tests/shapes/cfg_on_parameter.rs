//! `cfg` on parameters, and on statements of the body.

#[instrumented]
fn sum(#[cfg(any())] a: NoSuchType, #[cfg(test)] b: u8, c: u8) -> u8 {
    #[cfg(any())]
    let b = no_such_function();
    b + c
}

pub(super) fn check() {
    assert_eq!(sum(1, 2), 3);
}
