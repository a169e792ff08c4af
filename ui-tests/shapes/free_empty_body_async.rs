//! An `async fn` whose body is empty.

use futures::executor::block_on;

#[instrumented]
async fn nothing() {}

pub(super) fn check() {
    block_on(nothing());
}
