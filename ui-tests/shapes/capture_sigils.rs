//! `%` and `?`, of a type that has nothing else.

use std::fmt;

#[derive(Debug)]
struct Price(u32);

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} €", self.0)
    }
}

#[instrumented(fields(shown = %price, debugged = ?price, both = ?(&price, 1)))]
fn raise(price: &mut Price) {
    price.0 += 1;
}

pub(super) fn check() {
    let mut price = Price(1);
    raise(&mut price);
    assert_eq!(price.0, 2);
}
