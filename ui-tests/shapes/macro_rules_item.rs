//! A function handed through a macro as one item.

macro_rules! pass {
    ($($item:item)*) => { $(#[instrumented] $item)* };
}

pass! {
    fn one() -> u8 {
        1
    }
}

pub(super) fn check() {
    assert_eq!(one(), 1);
}
