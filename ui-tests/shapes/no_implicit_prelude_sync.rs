//! Without the prelude.
// ends: ok error

#![no_implicit_prelude]

use ::std::result::Result::{self, Err, Ok};

#[instrumented]
fn positive(n: i32) -> Result<u32, &'static str> {
    if n < 0 {
        return Err("negative");
    }
    Ok(n.unsigned_abs())
}

pub(super) fn check() {
    ::std::assert_eq!(positive(1), Ok(1));
    ::std::assert_eq!(positive(-1), Err("negative"));
}
