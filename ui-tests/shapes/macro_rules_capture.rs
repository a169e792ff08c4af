//! A macro's fragments as what is recorded.

macro_rules! define {
    ($name:ident, $key:literal, $value:expr) => {
        #[instrumented(fields(literal = $key, expression = $value, shown = %$value))]
        fn $name() -> u8 {
            $value
        }
    };
}

define!(three, "a key", 1 + 2);

pub(super) fn check() {
    assert_eq!(three(), 3);
}
