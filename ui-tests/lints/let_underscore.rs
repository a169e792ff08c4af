//! Bindings that are dropped at once.

#![deny(let_underscore_drop, let_underscore_lock)]

use std::sync::Mutex;

#[instrumented]
fn lock(mutex: &Mutex<u8>) {
    let _ = mutex.lock();
}

#[instrumented]
async fn lock_later(mutex: &Mutex<u8>) {
    let _ = mutex.lock();
}

fn main() {
    lock(&Mutex::new(1));
    drop(lock_later(&Mutex::new(1)));
}
