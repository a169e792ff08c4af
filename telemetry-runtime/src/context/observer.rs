//! Following one span from outside.

use std::sync::Arc;

use crate::event::Event;
use crate::panics;

/// Follows one span.
///
/// `entered` and `left` come in pairs, each pair on one thread and nested within others: once for a
/// function, once for each poll of a future or stream, and wherever a context with the span as its
/// current one is entered, as in a spawned task, perhaps after the span has ended.
pub trait SpanObserver: Send + Sync + 'static {
    /// The span is the current one of this thread from now on.
    fn on_enter(&self) {}

    /// It is no longer.
    fn on_exit(&self) {}

    /// The span has ended. This is its `stop` or `exception`, which all handlers have seen.
    fn on_end(&self, event: &Event<'_>) {
        let _ = event;
    }
}

/// What follows one span: nearly always nothing.
pub(crate) type Observers = Option<Arc<[Arc<dyn SpanObserver>]>>;

pub(crate) fn tell(observers: &[Arc<dyn SpanObserver>], say: impl Fn(&dyn SpanObserver)) {
    for observer in observers {
        let _ = panics::contain(|| say(&**observer));
    }
}
