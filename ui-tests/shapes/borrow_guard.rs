//! A guard that borrows `self`, returned.

use std::sync::{Mutex, MutexGuard, PoisonError};

struct Shared(Mutex<u8>);

impl Shared {
    #[instrumented]
    fn lock(&self) -> MutexGuard<'_, u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn check() {
    let shared = Shared(Mutex::new(1));
    *shared.lock() += 1;
    assert_eq!(shared.0.into_inner().expect("not poisoned"), 2);
}
