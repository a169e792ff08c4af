//! Aliases of `Result`, `async`.
// ends: error ok

use futures::executor::block_on;

type Outcome = Result<(), std::fmt::Error>;

#[instrumented]
async fn failing() -> Outcome {
    Err(std::fmt::Error)
}

#[instrumented]
async fn of_anyhow(n: u8) -> anyhow::Result<u8> {
    anyhow::ensure!(n > 1, "too small");
    Ok(n)
}

pub(super) fn check() {
    assert!(block_on(failing()).is_err());
    assert_eq!(block_on(of_anyhow(2)).expect("large enough"), 2);
}
