//! Names bound by a parameter's pattern, in the text of a format string.
// ends: ok ok

use futures::executor::block_on;

#[instrumented(fields(sum = format!("{x} and {y:02}")))]
fn sum((x, y): (u8, u8)) -> u8 {
    x + y
}

#[instrumented(fields(sum = format!("{x} and {y:02}")))]
async fn sum_later((x, y): (u8, u8)) -> u8 {
    x + y
}

pub(super) fn check() {
    assert_eq!(sum((1, 2)), block_on(sum_later((2, 1))));
}
