//! The runtime under another path.
// ends: ok ok

#![allow(unused_imports, reason = "only the attribute uses it")]

use futures::executor::block_on;

mod vendored {
    pub(super) use ::telemetry_runtime as telemetry;
}

#[instrumented(crate = vendored::telemetry)]
fn double(n: u8) -> u8 {
    n * 2
}

#[instrumented(crate = self::vendored::telemetry)]
async fn later(n: u8) -> Result<u8, String> {
    Ok(n)
}

pub(super) fn check() {
    assert_eq!(double(2), 4);
    assert_eq!(block_on(later(1)), Ok(1));
}
