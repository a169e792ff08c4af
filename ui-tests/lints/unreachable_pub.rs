//! `pub` that is not reachable.

#![deny(unreachable_pub)]

mod inner {
    #[instrumented]
    pub fn one() -> u8 {
        1
    }
}

fn main() {
    inner::one();
}
