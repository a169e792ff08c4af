//! An `async fn` that is polled more than once.

use futures::executor::block_on;

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if yielded {
            return std::task::Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

#[instrumented]
async fn slow(words: &[&str]) -> usize {
    let mut letters = 0;
    for word in words {
        yield_once().await;
        letters += word.len();
    }
    letters
}

pub(super) fn check() {
    assert_eq!(block_on(slow(&["one", "two"])), 6);
}
