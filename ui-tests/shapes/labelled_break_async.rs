//! A labelled break out of an await, `async`.

use futures::executor::block_on;

#[instrumented]
async fn countdown(mut from: u8) -> u8 {
    'outer: loop {
        for step in [1, 2] {
            from = std::future::ready(from).await - step;
            if from < 3 {
                break 'outer from;
            }
        }
    }
}

pub(super) fn check() {
    assert_eq!(block_on(countdown(9)), 2);
}
