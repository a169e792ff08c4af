//! The user's own macros named like the standard ones.
// ends: ok error ok

#![expect(unused_macros, reason = "names that are only in the way")]

use futures::executor::block_on;

macro_rules! vec { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! format { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! panic { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! matches { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! unreachable { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! concat { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! stringify { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! module_path { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! file { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! line { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! cfg { ($($any:tt)*) => { compile_error!("the user's") }; }
macro_rules! assert { ($($any:tt)*) => { compile_error!("the user's") }; }

#[instrumented]
fn positive(n: i32) -> Result<i32, String> {
    if n > 0 { Ok(n) } else { Err(String::new()) }
}

#[instrumented]
async fn later(n: i32) -> i32 {
    n
}

pub(super) fn check() {
    assert_eq!(positive(1), Ok(1));
    assert_eq!(positive(0), Err(String::new()));
    assert_eq!(block_on(later(1)), 1);
}
