//! The user's own `mod core`.
// ends: ok error ok

mod core {
    pub(super) const ANSWER: u8 = 42;
}

use futures::executor::block_on;

#[instrumented]
fn answer(good: bool) -> Result<u8, String> {
    if good { Ok(core::ANSWER) } else { Err("no".to_owned()) }
}

#[instrumented]
async fn later(n: u8) -> u8 {
    n + core::ANSWER
}

pub(super) fn check() {
    assert_eq!(answer(true), Ok(42));
    assert!(answer(false).is_err());
    assert_eq!(block_on(later(1)), 43);
}
