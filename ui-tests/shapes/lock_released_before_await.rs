//! A guard that is gone before the await leaves the future `Send`.

use std::sync::Mutex;

use futures::executor::block_on;

#[instrumented]
async fn bump(shared: &Mutex<u8>) -> u8 {
    let now = {
        let mut guard = shared.lock().expect("not poisoned");
        *guard += 1;
        *guard
    };
    std::future::ready(now).await
}

fn assert_send<T: Send>(value: T) -> T {
    value
}

pub(super) fn check() {
    assert_eq!(block_on(assert_send(bump(&Mutex::new(1)))), 2);
}
