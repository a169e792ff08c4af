//! How much may wait to be exported, and what became of the rest.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// The most bytes of one signal that wait, about: a collector that is down costs no more memory.
pub(crate) const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What of one signal waits, was exported, and was lost.
///
/// The SDK's own queue is bounded by a count and drops what is beyond it without a word; this one
/// lets nothing through to it that it would drop, bounds the bytes too, and counts.
#[derive(Debug)]
pub(crate) struct QueueLimit {
    what: &'static str,
    max_items: usize,
    max_bytes: usize,
    items: AtomicUsize,
    bytes: AtomicUsize,
    exported: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
    warned: AtomicBool,
    last_error: Mutex<Option<String>>,
}

/// What became of one signal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportStats {
    /// What the collector took.
    pub exported: u64,
    /// What did not fit into the queue, because the collector is slow or down.
    pub dropped: u64,
    /// What was given up after the collector would not take it.
    pub failed: u64,
    /// What still waits.
    pub queued: u64,
    /// Why something was given up last.
    pub last_error: Option<String>,
}

impl ExportStats {
    /// How much was lost.
    pub fn lost(&self) -> u64 {
        self.dropped + self.failed
    }
}

impl QueueLimit {
    pub(crate) fn new(what: &'static str, max_items: usize, max_bytes: usize) -> Self {
        Self {
            what,
            max_items,
            max_bytes,
            items: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            exported: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            warned: AtomicBool::new(false),
            last_error: Mutex::new(None),
        }
    }

    /// Lets one in, or counts it as lost.
    pub(crate) fn admit(&self, bytes: usize) -> bool {
        let items = self.items.fetch_add(1, Ordering::AcqRel);
        let queued = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        let fits = items < self.max_items && (queued.saturating_add(bytes) <= self.max_bytes || items == 0);
        if !fits {
            self.release(1, bytes);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            self.warn("its queue is full: the collector is slow or down");
        }
        fits
    }

    /// Some were exported, or given up.
    pub(crate) fn done(&self, items: usize, bytes: usize, error: Option<String>) {
        self.release(items, bytes);
        let count = u64::try_from(items).unwrap_or(u64::MAX);
        match error {
            None => {
                self.exported.fetch_add(count, Ordering::Relaxed);
            }
            Some(error) => {
                self.failed.fetch_add(count, Ordering::Relaxed);
                self.warn(&error);
                *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        }
    }

    fn release(&self, items: usize, bytes: usize) {
        self.items.fetch_sub(items, Ordering::AcqRel);
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
    }

    /// Says the first time that something is lost; [`Gate::summary`] says at the end how much.
    fn warn(&self, why: &str) {
        if !self.warned.load(Ordering::Relaxed) && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(target: "telemetry", "{} are being lost: {why}", self.what);
        }
    }

    pub(crate) fn what(&self) -> &'static str {
        self.what
    }

    /// Whether what is lost is gone: metrics come again.
    pub(crate) fn counts(&self) -> bool {
        self.max_items != usize::MAX
    }

    pub(crate) fn summary(&self) {
        let ExportStats { exported, dropped, failed, queued, last_error } = self.stats();
        if dropped + failed + queued > 0 {
            tracing::warn!(
                target: "telemetry",
                "of the {} {exported} were exported, {dropped} found the queue full, {failed} were given up, and \
                 {queued} were left waiting{}",
                self.what,
                last_error.map(|error| format!("; last error: {error}")).unwrap_or_default(),
            );
        }
    }

    pub(crate) fn stats(&self) -> ExportStats {
        ExportStats {
            exported: self.exported.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            queued: u64::try_from(self.items.load(Ordering::Relaxed)).unwrap_or(u64::MAX),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let queue = QueueLimit::new("spans", 3, 100);
        assert!(queue.admit(40) && queue.admit(40));
        assert!(!queue.admit(40), "too many bytes");
        assert!(queue.admit(1));
        assert!(!queue.admit(1), "too many");
        queue.done(2, 80, None);
        queue.done(1, 1, Some("503".to_owned()));
        let stats = queue.stats();
        assert_eq!((stats.exported, stats.dropped, stats.failed, stats.queued), (2, 2, 1, 0));
        assert_eq!(stats.lost(), 3);
        assert_eq!(stats.last_error.as_deref(), Some("503"));
        assert!(queue.admit(1000), "one that is larger than all that may wait is sent alone");
    }
}
