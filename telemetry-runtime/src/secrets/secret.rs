//! One secret.

use std::sync::atomic::{AtomicUsize, Ordering};

use zeroize::Zeroizing;

/// How many secrets are alive. Events look for theirs only if there are any.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// Whether there are secrets in the process.
#[inline]
pub(crate) fn any_alive() -> bool {
    ALIVE.load(Ordering::Relaxed) != 0
}

/// A name and a value, which is overwritten when the last reference is dropped.
pub(crate) struct Secret {
    pub(super) name: Box<str>,
    pub(super) value: Zeroizing<String>,
}

impl Secret {
    pub(super) fn new(name: &str, value: Zeroizing<String>) -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self { name: name.into(), value }
    }

    /// What makes it another secret than others.
    pub(super) fn content(&self) -> (&str, &str) {
        (&self.name, &self.value)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}
