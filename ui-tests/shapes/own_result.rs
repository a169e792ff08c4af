//! The user's own type named `Result`.
// ends: ok ok

use futures::executor::block_on;

struct Result {
    score: u8,
}

#[instrumented]
fn score(n: u8) -> Result {
    Result { score: n }
}

#[instrumented]
async fn later(n: u8) -> Result {
    Result { score: n }
}

pub(super) fn check() {
    assert_eq!(score(1).score, 1);
    assert_eq!(block_on(later(2)).score, 2);
}
