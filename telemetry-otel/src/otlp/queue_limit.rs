//! How much may wait to be exported, and what became of the rest.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use opentelemetry_sdk::error::OTelSdkResult;

use super::client::{Failure, LastFailure};

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
    /// Whether a backend may do without the signal: many take traces alone.
    optional: bool,
    items: AtomicUsize,
    bytes: AtomicUsize,
    exported: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    /// Whether the backend does not take the signal.
    is_refused: AtomicBool,
    /// Whether an outage was logged and has not ended.
    is_out: AtomicBool,
    last_error: Mutex<Option<String>>,
    pub(crate) last_failure: LastFailure,
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
    /// What was left out because the backend does not take this signal at all.
    pub refused: u64,
    /// What still waits, or was sent and is not confirmed.
    pub queued: u64,
    /// Why something was given up last: the address, and the status or the reason.
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
            optional: false,
            items: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            exported: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            is_refused: AtomicBool::new(false),
            is_out: AtomicBool::new(false),
            last_error: Mutex::new(None),
            last_failure: LastFailure::default(),
        }
    }

    /// The same for a signal that a backend may do without.
    pub(crate) fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// Lets one in, or counts it as lost.
    pub(crate) fn admit(&self, bytes: usize) -> bool {
        if self.is_refused() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let items = self.items.fetch_add(1, Ordering::AcqRel);
        let queued = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        let fits = items < self.max_items && (queued.saturating_add(bytes) <= self.max_bytes || items == 0);
        if !fits {
            self.release(1, bytes);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            self.warn("the queue is full: the collector is slow or down");
        }
        fits
    }

    /// Some were exported, or given up for that reason.
    pub(crate) fn done(&self, items: usize, bytes: usize, error: Option<String>) {
        self.release(items, bytes);
        let count = u64::try_from(items).unwrap_or(u64::MAX);
        let Some(error) = error else {
            self.exported.fetch_add(count, Ordering::Relaxed);
            if self.is_out.swap(false, Ordering::Relaxed) {
                tracing::info!(target: "telemetry", "{} are exported again", self.what);
            }
            return;
        };
        let failure = self.last_failure.take();
        if self.optional && is_refusal(failure.as_ref(), &error) {
            self.refused.fetch_add(count, Ordering::Relaxed);
            if !self.is_refused.swap(true, Ordering::Relaxed) {
                let why = failure.map_or(error, |failure| failure.text);
                tracing::warn!(
                    target: "telemetry",
                    "the backend does not take {}, which are exported no more: {why}",
                    self.what
                );
            }
            return;
        }
        self.failed.fetch_add(count, Ordering::Relaxed);
        let why = failure.map_or(error, |failure| failure.text);
        self.warn(&why);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    /// Whether the last export failed.
    pub(crate) fn is_out(&self) -> bool {
        self.is_out.load(Ordering::Relaxed)
    }

    /// Whether the backend does not take the signal.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }

    /// Some were let in before it was known that the backend does not take them.
    #[allow(clippy::unnecessary_wraps, reason = "what an exporter returns")]
    pub(crate) fn discard(&self, items: usize, bytes: usize) -> OTelSdkResult {
        self.release(items, bytes);
        self.refused.fetch_add(u64::try_from(items).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(())
    }

    fn release(&self, items: usize, bytes: usize) {
        self.items.fetch_sub(items, Ordering::AcqRel);
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
    }

    /// Logs a warning when an outage begins; [`QueueLimit::summary`] logs at the end how much was lost.
    fn warn(&self, why: &str) {
        if !self.is_out.load(Ordering::Relaxed) && !self.is_out.swap(true, Ordering::Relaxed) {
            tracing::warn!(target: "telemetry", "{} are being lost: {why}", self.what);
        }
    }

    pub(crate) fn what(&self) -> &'static str {
        self.what
    }

    /// Whether what is lost is gone: metrics are sent again.
    pub(crate) fn counts(&self) -> bool {
        self.max_items != usize::MAX
    }

    pub(crate) fn summary(&self) {
        let ExportStats { exported, dropped, failed, queued, last_error, .. } = self.stats();
        if dropped + failed + queued > 0 {
            tracing::warn!(
                target: "telemetry",
                "of the {} {exported} were exported, {dropped} found the queue full, {failed} were given up, and \
                 {queued} were not confirmed{}",
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
            refused: self.refused.load(Ordering::Relaxed),
            queued: u64::try_from(self.items.load(Ordering::Relaxed)).unwrap_or(u64::MAX),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// Whether an answer means that the backend has no such signal, rather than that something is wrong.
fn is_refusal(failure: Option<&Failure>, error: &str) -> bool {
    match failure.and_then(|failure| failure.status) {
        Some(status) => matches!(status, 404 | 405 | 501),
        None => error.to_ascii_lowercase().contains("unimplemented"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_that_do_not_fit_are_counted() {
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

    #[test]
    fn an_unsupported_signal_does_not_count_as_dropped() {
        let queue = QueueLimit::new("log records", 3, 100).optional();
        assert!(queue.admit(1));
        queue.done(1, 1, Some("status: Unimplemented".to_owned()));
        assert!(queue.is_refused() && !queue.admit(1));
        assert_eq!((queue.stats().lost(), queue.stats().refused), (0, 2));
        let spans = QueueLimit::new("spans", 3, 100);
        assert!(spans.admit(1));
        spans.done(1, 1, Some("status: Unimplemented".to_owned()));
        assert_eq!(spans.stats().lost(), 1, "a backend without traces is a wrong address");
    }
}
