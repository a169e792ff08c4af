//! Following one span.

use std::sync::Arc;

use crate::event::Event;
use crate::panics;

/// Follows one span.
///
/// `on_enter` and `on_exit` come in pairs, each pair on one thread and nested within others: once for a
/// function, once for each poll of a future or stream, and once each time a context that holds the span is entered,
/// such as in a spawned task, perhaps after the span has ended. See [`SpanHook`](crate::SpanHook) for an example.
pub trait SpanObserver: Send + Sync + 'static {
    /// The span becomes the current span of this thread.
    fn on_enter(&self) {}

    /// The span is no longer the current span of this thread.
    fn on_exit(&self) {}

    /// The span has ended. This is its `stop` or `exception`, which all handlers have seen.
    fn on_end(&self, event: &Event<'_>) {
        let _ = event;
    }
}

/// The observers of one span: nearly always none.
pub(crate) type Observers = Option<Arc<[Arc<dyn SpanObserver>]>>;

pub(crate) fn tell(observers: &[Arc<dyn SpanObserver>], say: impl Fn(&dyn SpanObserver)) {
    for observer in observers {
        let _ = panics::contain(|| say(&**observer));
    }
}
