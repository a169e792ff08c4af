//! Following one span.

use std::sync::Arc;

use crate::event::Event;
use crate::panics;

/// Follows one span.
///
/// `on_enter` and `on_exit` come in pairs, each pair on one thread and nested within others: once for a
/// function, once for each poll of a future or stream, and once each time a context that holds the span is entered,
/// such as in a spawned task, perhaps after the span has ended. See [`SpanHook`](crate::SpanHook) for an example.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use telemetry_runtime::{Event, SpanObserver};
///
/// /// Counts the polls of a future.
/// #[derive(Default)]
/// struct Polls(AtomicUsize);
///
/// impl SpanObserver for Polls {
///     fn on_enter(&self) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
///
///     fn on_end(&self, event: &Event<'_>) {
///         println!("{}: {} polls", event.name(), self.0.load(Ordering::Relaxed));
///     }
/// }
/// ```
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

/// An observer that is dropped where a panic in its destructor reaches neither the annotated function nor another
/// panic that is on its way.
pub(crate) struct Observing(Option<Arc<dyn SpanObserver>>);

impl Observing {
    pub(crate) fn new(observer: Arc<dyn SpanObserver>) -> Self {
        Self(Some(observer))
    }
}

impl Drop for Observing {
    fn drop(&mut self) {
        let observer = self.0.take();
        let _ = panics::contain(|| drop(observer));
    }
}

/// The observers of one span, which most have not.
pub(crate) type Observers = Option<Arc<[Observing]>>;

pub(crate) fn tell(observers: &[Observing], say: impl Fn(&dyn SpanObserver)) {
    for observer in observers.iter().filter_map(|observer| observer.0.as_deref()) {
        let _ = panics::contain(|| say(observer));
    }
}
