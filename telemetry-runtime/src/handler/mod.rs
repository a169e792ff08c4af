//! Handlers, and handlers that are attached.

mod attachment;
mod needs;
mod queue;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::event::{Event, Pattern};
use crate::panics::{self, Guarded};

pub use attachment::{AttachGuard, Attachment};
pub use needs::{Needs, needing};
pub use queue::{Queue, queue};

/// Receives events. Implemented for closures `Fn(&Event<'_>)`; implement it for a type with state of its own.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use telemetry_runtime::{Event, Handler, attach, event_names};
///
/// struct CountFailures(AtomicU64);
///
/// impl Handler for CountFailures {
///     fn handle(&self, event: &Event<'_>) {
///         if event.is_error() {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let _guard = attach("failures", event_names!["condukt.**"], CountFailures(AtomicU64::new(0)))?.detach_on_drop();
/// # Ok::<(), telemetry_runtime::AttachError>(())
/// ```
///
/// Handlers of one event run in the order in which they were attached. A handler may be called by several threads
/// at once. It may emit events, which are not delivered to itself, and may attach and detach handlers, which
/// changes the next dispatch.
///
/// A handler runs in the thread that emits, between the caller and its work, so it should be quick;
/// [`queue`](crate::queue) makes a slow one quick. One that panics is detached.
pub trait Handler: Send + Sync + 'static {
    /// Receives one event.
    fn handle(&self, event: &Event<'_>);

    /// The metadata keys it may read, asked once when it is attached. By default all.
    ///
    /// A key given at a span's start that costs something to capture, and that no attached handler needs, is left out
    /// of the span's events: also for a handler that is attached before the span ends. Keys that cost next to nothing
    /// are always there.
    fn needs(&self) -> Needs {
        Needs::ALL
    }
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Handler for F {
    fn handle(&self, event: &Event<'_>) {
        self(event);
    }
}

/// A handler with the events it receives.
pub(crate) struct Attached {
    pub(crate) id: Arc<str>,
    pub(crate) serial: u64,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) needs: Needs,
    handler: Guarded<dyn Handler>,
    /// Whether it panicked; a list that was read before still has it.
    pub(crate) failed: AtomicBool,
}

impl Attached {
    pub(crate) fn new(id: &str, mut patterns: Vec<Pattern>, handler: Box<dyn Handler>) -> Self {
        // Zero stands for no handler.
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        patterns.sort();
        patterns.dedup();
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let needs = panics::contain(|| handler.needs()).unwrap_or(Needs::ALL);
        let handler = Guarded::new(handler);
        Self { id: id.into(), serial, patterns, needs, handler, failed: AtomicBool::new(false) }
    }

    #[inline]
    pub(crate) fn handle(&self, event: &Event<'_>) {
        if let Some(handler) = self.handler.get() {
            handler.handle(event);
        }
    }

    pub(crate) fn sees(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(name))
    }
}

/// The handlers of one event, in the order they were attached.
pub(crate) type HandlerList = Vec<Arc<Attached>>;

/// An attached handler, as [`list_handlers`](crate::list_handlers) shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerInfo {
    /// The id it was attached under.
    pub id: String,
    /// The events it receives.
    pub patterns: Vec<Pattern>,
}

/// A handler could not be attached or detached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttachError {
    /// A handler of that id is attached.
    AlreadyAttached(String),
    /// No handler of that id is attached.
    NotAttached(String),
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyAttached(id) => write!(f, "a handler `{id}` is attached already"),
            Self::NotAttached(id) => write!(f, "no handler `{id}` is attached"),
        }
    }
}

impl std::error::Error for AttachError {}
