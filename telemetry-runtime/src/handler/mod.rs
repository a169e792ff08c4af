//! What handlers are, and one that is attached.

mod queue;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::event::{Event, Pattern};
use crate::panics::Guarded;

pub use queue::{Queue, queue};

/// Something that is given events: a function, or a type of your own.
///
/// A handler runs in the thread that emits, between the caller and its work, so it should be quick;
/// [`queue`](crate::queue) makes a slow one quick. One that panics is detached.
pub trait Handler: Send + Sync + 'static {
    /// Takes one event.
    fn handle(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Handler for F {
    fn handle(&self, event: &Event<'_>) {
        self(event);
    }
}

/// A handler with the events it is for.
pub(crate) struct Attached {
    pub(crate) id: Arc<str>,
    pub(crate) serial: u64,
    pub(crate) patterns: Vec<Pattern>,
    handler: Guarded<dyn Handler>,
    /// Whether it panicked; a list that was read before still has it.
    pub(crate) failed: AtomicBool,
}

impl Attached {
    pub(crate) fn new(id: &str, mut patterns: Vec<Pattern>, handler: Box<dyn Handler>) -> Self {
        // Zero is nobody.
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        patterns.sort();
        patterns.dedup();
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let handler = Guarded::new(handler);
        Self { id: id.into(), serial, patterns, handler, failed: AtomicBool::new(false) }
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
pub struct HandlerInfo {
    /// What it was attached as.
    pub id: String,
    /// The events it is for.
    pub patterns: Vec<Pattern>,
}

/// Why a handler could not be attached or detached.
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
