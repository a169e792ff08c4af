//! A queue that is attached to every event.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use telemetry_runtime::{Handler, Queue, attach, detach, event_names, queue};

/// How long to wait at the end for events that are not handled yet.
const LAST: Duration = Duration::from_secs(10);

/// A handler of every event, on a thread of its own, until it is dropped.
pub(crate) struct Attached {
    id: String,
    queue: Queue,
}

impl Attached {
    pub(crate) fn new(what: &str, capacity: usize, handler: impl Handler) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let id = format!("{what} {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let queue = queue(capacity, handler)?;
        attach(&id, event_names!["**"], queue.clone()).map_err(io::Error::other)?;
        Ok(Self { id, queue })
    }

    pub(crate) fn queue(&self) -> Queue {
        self.queue.clone()
    }

    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        self.queue.flush(timeout)
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// Takes no more events, and waits for those that were taken.
    pub(crate) fn detach(&self) {
        // It may be detached already, where its handler panicked.
        let _ = detach(&self.id);
        self.queue.flush(LAST);
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.detach();
    }
}
