//! `-> impl Future` of one of two, after an early return.
// ends: ok error

use futures::executor::block_on;
use futures::future::{Either, ready};

async fn inner(n: u32) -> Result<u32, String> {
    crate::in_the_span();
    Ok(n * 2)
}

#[instrumented(future)]
fn double(n: u32) -> impl Future<Output = Result<u32, String>> {
    if n == 0 {
        return Either::Left(ready(Err("nothing to double".to_owned())));
    }
    Either::Right(inner(n))
}

pub(super) fn check() {
    assert_eq!(block_on(double(2)), Ok(4));
    assert!(block_on(double(0)).is_err());
}
