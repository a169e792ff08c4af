//! A body handed on as tokens, with an early return in it.

macro_rules! define {
    ($name:ident($($arguments:tt)*) -> $output:ty { $($body:tt)* }) => {
        #[instrumented]
        fn $name($($arguments)*) -> $output { $($body)* }
    };
}

define!(clamp(n: u8) -> u8 {
    if n > 9 {
        return 9;
    }
    n
});

pub(super) fn check() {
    assert_eq!(clamp(12), 9);
}
