//! A parameter from a macro that nothing reads.
// differs: ours points where the macro is used, where the name comes from.

#![deny(unused_variables)]

macro_rules! define {
    ($name:ident, $argument:ident) => {
        #[instrumented]
        fn $name($argument: u8) -> u8 {
            1
        }
    };
}

define!(one, argument);

fn main() {
    one(1);
}
