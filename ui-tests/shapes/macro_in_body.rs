//! Macros in the body that define, return and bind.
// ends: ok ok

macro_rules! bail {
    ($value:expr) => {
        return $value
    };
}

macro_rules! bind {
    ($name:ident = $value:expr) => {
        let $name = $value;
    };
}

#[instrumented]
fn small(n: u8) -> Option<u8> {
    if n > 9 {
        bail!(None);
    }
    bind!(doubled = n * 2);
    Some(doubled)
}

pub(super) fn check() {
    assert_eq!(small(10), None);
    assert_eq!(small(2), Some(4));
}
