//! `-> !` where a value is wanted.

#[instrumented]
fn fail() -> ! {
    panic!("not reached")
}

pub(super) fn check() {
    let number: u8 = if one() == 1 { 2 } else { fail() };
    assert_eq!(number, 2);
}

#[instrumented]
fn one() -> u8 {
    1
}
