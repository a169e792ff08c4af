//! A future that is woken from another thread.

use std::sync::mpsc;
use std::task::Poll;

use futures::executor::block_on;

#[instrumented]
async fn answer_from_a_thread(n: u8) -> u8 {
    let (sender, receiver) = mpsc::channel();
    let mut asked = false;
    std::future::poll_fn(move |cx| {
        if let Ok(answer) = receiver.try_recv() {
            return Poll::Ready(answer);
        }
        if !asked {
            asked = true;
            let (waker, sender) = (cx.waker().clone(), sender.clone());
            std::thread::spawn(move || {
                let _ = sender.send(n + 1);
                waker.wake();
            });
        }
        Poll::Pending
    })
    .await
}

pub(super) fn check() {
    assert_eq!(block_on(answer_from_a_thread(1)), 2);
}
