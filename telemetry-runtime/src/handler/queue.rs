//! Handing events to a worker thread.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, io};

use super::{Handler, Needs};
use crate::event::{Event, OwnedEvent};
use crate::panics;

/// Passes events to a worker thread, so that a slow handler does not slow the agent.
///
/// At most `capacity` events wait (one if `capacity` is zero); any more are dropped and counted. Attach the queue
/// itself; a clone of it counts [`dropped`](Queue::dropped) and can [`flush`](Queue::flush). The
/// worker ends when the last clone is dropped, after what waits.
///
/// What waits takes 64 MiB at most, or what [`with_max_bytes`](Queue::with_max_bytes) sets: an event that does not fit
/// is dropped and counted as well. So a worker that is slow, or stands, costs a bounded amount of memory however large
/// the conversations are.
///
/// What the worker's handler emits is not delivered to it again. If it panics, the queue is detached at its next
/// event, as that handler would have been.
///
/// ```
/// use std::time::Duration;
/// use telemetry_runtime::{Event, attach, detach, event_names, queue};
///
/// let queue = queue(1024, |event: &Event<'_>| println!("{}", event.name()))?;
/// attach("slow", event_names!["condukt.**"], queue.clone())?;
/// // .. the agent runs ..
/// detach("slow")?;
/// assert!(queue.flush(Duration::from_secs(5)));
/// assert_eq!(queue.dropped(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the system cannot start the worker thread.
pub fn queue(capacity: usize, handler: impl Handler) -> io::Result<Queue> {
    let shared = Arc::new(Shared {
        accepted: AtomicU64::new(0),
        waiting_bytes: AtomicUsize::new(0),
        max_bytes: AtomicUsize::new(MAX_BYTES),
        refused: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        progress: Mutex::default(),
        progressed: Condvar::new(),
    });
    let needs = handler.needs();
    let (sender, receiver) = sync_channel(capacity.max(1));
    let worker = Worker { receiver, shared: shared.clone() };
    std::thread::Builder::new().name("telemetry-queue".to_owned()).spawn(move || worker.run(&handler))?;
    Ok(Queue { sender, shared, needs })
}

/// A handler that passes events to a worker thread. See [`queue`].
///
/// ```
/// use std::time::Duration;
/// use telemetry_runtime::{Event, attach, event_names, queue};
///
/// let queue = queue(1024, |event: &Event<'_>| println!("{event:?}"))?;
/// let handler = attach("print", event_names!["condukt.**"], queue.clone())?;
/// handler.detach()?;
/// assert!(queue.flush(Duration::from_secs(5)));
/// assert_eq!(queue.dropped(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Queue {
    sender: SyncSender<Waiting>,
    shared: Arc<Shared>,
    /// Those of the worker's handler.
    needs: Needs,
}

/// An event that waits, and about how many bytes it takes.
struct Waiting {
    event: OwnedEvent,
    bytes: usize,
}

/// How many bytes may wait where nothing else is set.
const MAX_BYTES: usize = 64 * 1024 * 1024;

thread_local! {
    /// The queue whose worker this thread is, by its address.
    static WORKS_FOR: Cell<usize> = const { Cell::new(0) };
}

struct Shared {
    accepted: AtomicU64,
    /// How many bytes wait, and how many may.
    waiting_bytes: AtomicUsize,
    max_bytes: AtomicUsize,
    /// Those that were not accepted.
    refused: AtomicU64,
    failed: AtomicBool,
    progress: Mutex<Progress>,
    progressed: Condvar,
}

#[derive(Default)]
struct Progress {
    handled: u64,
    failure: Option<String>,
}

impl Queue {
    /// Returns the queue with another bound of the memory that waiting events take, in bytes. It holds for all clones.
    #[must_use]
    pub fn with_max_bytes(self, bytes: usize) -> Self {
        self.shared.max_bytes.store(bytes, Ordering::Relaxed);
        self
    }

    /// How many events were dropped because the queue was full or its worker had failed.
    pub fn dropped(&self) -> u64 {
        let refused = self.shared.refused.load(Ordering::Relaxed);
        if !self.shared.failed.load(Ordering::Acquire) {
            return refused;
        }
        // What waited behind a failure is lost.
        let handled = self.shared.progress().handled;
        refused + self.shared.accepted.load(Ordering::Acquire).saturating_sub(handled)
    }

    /// Waits until all events accepted so far are handled. False when the time is up before, or the
    /// worker has failed; called by the queue's own handler, which would wait for itself, at once.
    pub fn flush(&self, timeout: Duration) -> bool {
        if self.is_worked_on_here() {
            return false;
        }
        let target = self.shared.accepted.load(Ordering::Acquire);
        // A timeout that overflows `Instant` means no timeout.
        let deadline = Instant::now().checked_add(timeout);
        let mut progress = self.shared.progress();
        while progress.handled < target && progress.failure.is_none() {
            let left = deadline.map_or(Some(timeout), |end| end.checked_duration_since(Instant::now()));
            let Some(left) = left else { return false };
            let waited = self.shared.progressed.wait_timeout(progress, left);
            progress = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        progress.failure.is_none()
    }
}

impl Queue {
    /// Whether this thread is its worker.
    fn is_worked_on_here(&self) -> bool {
        WORKS_FOR.with(Cell::get) == self.shared.address()
    }
}

impl Shared {
    /// Makes room for so many bytes, if there is any.
    fn wait(&self, bytes: usize) -> bool {
        let max = self.max_bytes.load(Ordering::Relaxed);
        let added = |waiting: usize| waiting.checked_add(bytes).filter(|waiting| *waiting <= max);
        self.waiting_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, added).is_ok()
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn address(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }
}

impl Handler for Queue {
    fn handle(&self, event: &Event<'_>) {
        if self.is_worked_on_here() {
            return;
        }
        if self.shared.failed.load(Ordering::Acquire) {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
            let mut progress = self.shared.progress();
            let failure = progress.failure.get_or_insert_default().clone();
            drop(progress);
            panics::pass_on(failure);
        }
        if self.shared.waiting_bytes.load(Ordering::Relaxed) >= self.shared.max_bytes.load(Ordering::Relaxed)
        {
            // Without a copy of what is dropped.
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let event = OwnedEvent::from(event);
        let bytes = event.size();
        #[allow(clippy::result_large_err, reason = "what is refused is dropped here")]
        match self.shared.wait(bytes).then(|| self.sender.try_send(Waiting { event, bytes })) {
            Some(Ok(())) => {
                self.shared.accepted.fetch_add(1, Ordering::Release);
            }
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) => {
                self.shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
                self.shared.refused.fetch_add(1, Ordering::Relaxed);
            }
            None => {
                self.shared.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn needs(&self) -> Needs {
        self.needs
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("dropped", &self.dropped()).finish_non_exhaustive()
    }
}

struct Worker {
    receiver: Receiver<Waiting>,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(self, handler: &impl Handler) {
        WORKS_FOR.with(|queue| queue.set(self.shared.address()));
        while let Ok(Waiting { event, bytes }) = self.receiver.recv() {
            let result = panics::watch_handler(|| handler.handle(&event.as_event()));
            drop(event);
            self.shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            let mut progress = self.shared.progress();
            progress.handled += 1;
            if let Err(panicked) = result {
                progress.failure = Some(panicked.message);
                self.shared.failed.store(true, Ordering::Release);
            }
            let failed = progress.failure.is_some();
            drop(progress);
            self.shared.progressed.notify_all();
            if failed {
                break;
            }
        }
    }
}
