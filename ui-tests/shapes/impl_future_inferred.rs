//! `-> impl Future` made elsewhere whose type only the return type gives.
// ends: error error

use std::error::Error;

use futures::executor::block_on;
use futures::future::{LocalBoxFuture, ready};

#[instrumented(future)]
fn refuse() -> impl Future<Output = Result<u8, Box<dyn Error>>> {
    ready(Err("refused".into()))
}

#[instrumented(future)]
fn refuse_boxed() -> LocalBoxFuture<'static, Result<u8, Box<dyn Error>>> {
    Box::pin(ready(Err("refused".into())))
}

pub(super) fn check() {
    assert_eq!(block_on(refuse()).expect_err("it refuses").to_string(), "refused");
    assert!(block_on(refuse_boxed()).is_err());
}
