//! The user's own `mod telemetry_runtime`, `telemetry_macros` and `serde`.
// ends: ok ok

mod telemetry_runtime {
    pub(super) const ANSWER: u8 = 42;
}

mod telemetry_macros {
    pub(super) const ANSWER: u8 = 1;
}

mod serde {
    pub(super) const ANSWER: u8 = 2;
}

use futures::executor::block_on;

#[instrumented]
fn answer() -> u8 {
    telemetry_runtime::ANSWER + telemetry_macros::ANSWER
}

#[instrumented]
async fn later(n: u8) -> u8 {
    n + serde::ANSWER
}

pub(super) fn check() {
    assert_eq!(answer(), 43);
    assert_eq!(block_on(later(1)), 3);
}
