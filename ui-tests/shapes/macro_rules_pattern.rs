//! A parameter's pattern and type from outside.

macro_rules! define {
    ($name:ident, $pattern:pat => $type:ty, $body:expr) => {
        #[instrumented]
        fn $name($pattern: $type) -> u8 {
            $body
        }
    };
}

define!(sum, (a, b) => (u8, u8), a + b);

pub(super) fn check() {
    assert_eq!(sum((1, 2)), 3);
}
