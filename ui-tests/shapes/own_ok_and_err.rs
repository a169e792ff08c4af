//! The user's own `Ok`, `Err`, `Some` and `None`.
// ends: error ok ok

use futures::executor::block_on;

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Ok(u8),
    Err,
    Some(u8),
    None,
}

use Answer::{Err, None, Ok, Some};

#[instrumented]
fn standard(good: bool) -> Result<u8, Answer> {
    if good { Result::Ok(1) } else { Result::Err(Err) }
}

#[instrumented]
fn own(n: u8) -> Answer {
    if n == 0 { None } else { Some(n) }
}

#[instrumented]
async fn later(n: u8) -> Answer {
    Ok(n)
}

pub(super) fn check() {
    assert_eq!(standard(false), Result::Err(Err));
    assert_eq!(own(1), Some(1));
    assert_eq!(block_on(later(2)), Ok(2));
}
