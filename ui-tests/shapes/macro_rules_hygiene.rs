//! Names of the macro's own beside the same names from outside.

macro_rules! define {
    ($name:ident, $outside:ident => $body:expr) => {
        #[instrumented]
        fn $name($outside: u8, n: u8) -> u8 {
            let inner = n * 10;
            inner + $body
        }
    };
}

define!(both, n => n);

pub(super) fn check() {
    assert_eq!(both(1, 2), 21);
}
