//! A mutex that the caller holds: nothing may look into it.

use std::sync::{Arc, Mutex, RwLock};

#[instrumented]
fn untouched(state: &Mutex<u8>, shared: Arc<RwLock<u8>>, n: u8) -> u8 {
    assert!(state.try_lock().is_err());
    assert!(shared.try_read().is_err());
    n
}

pub(super) fn check() {
    let state = Mutex::new(1);
    let shared = Arc::new(RwLock::new(2));
    let _held = state.lock().expect("it is not poisoned");
    let _written = shared.write().expect("it is not poisoned");
    assert_eq!(untouched(&state, Arc::clone(&shared), 3), 3);
}
