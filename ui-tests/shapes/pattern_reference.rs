//! Reference patterns, alone and within others.

#[instrumented]
fn sum(&a: &u8, &mut b: &mut u8, (&c, d): (&u8, &u8)) -> u8 {
    a + b + c + d
}

pub(super) fn check() {
    assert_eq!(sum(&1, &mut 2, (&3, &4)), 10);
}
