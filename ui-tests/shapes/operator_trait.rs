//! The function of an operator's trait, `Self` consumed.

use std::ops::Add;

#[derive(Debug, PartialEq, Eq)]
struct Money(u32);

impl Add for Money {
    type Output = Self;

    #[instrumented]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

pub(super) fn check() {
    assert_eq!(Money(1) + Money(2), Money(3));
}
