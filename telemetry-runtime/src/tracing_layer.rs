//! A `tracing` layer that carries the context with the spans of libraries.
//!
//! A library that spawns a task under a `tracing` span of its own, by `.instrument(span)`, knows nothing of our
//! [`Context`]: a tool that runs there would be outside of every agent. With this layer each `tracing` span keeps the
//! context in which it was made, and code that runs inside the span without a context has that one.
//!
//! ```
//! use telemetry_runtime::tracing_layer::ContextLayer;
//! use telemetry_runtime::{Context, in_span, testing};
//! use tracing_subscriber::layer::SubscriberExt as _;
//!
//! let subscriber = tracing_subscriber::registry().with(ContextLayer::new());
//! tracing::subscriber::with_default(subscriber, || {
//!     let span = Context::new().with_session_id("s-1").scope(|| tracing::info_span!("task"));
//!     let elsewhere = span.in_scope(|| Context::current().session_id().map(str::to_owned));
//!     assert_eq!(elsewhere.as_deref(), Some("s-1"));
//!     assert_eq!(Context::current().session_id(), None);
//! });
//! ```

use std::cell::RefCell;

use tracing::Subscriber;
use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context as LayerContext;
use tracing_subscriber::registry::LookupSpan;

use crate::context::{Context, enter, is_in_span, leave};

/// Keeps the context in every `tracing` span that is made under it, and enters it with the span.
///
/// A span that is entered where a context has a span of its own changes nothing: what runs there is part of that.
///
/// ```
/// use telemetry_runtime::tracing_layer::ContextLayer;
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// let subscriber = tracing_subscriber::registry().with(ContextLayer::new()).with(tracing_subscriber::fmt::layer());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ContextLayer(());

impl ContextLayer {
    /// Makes the layer: `tracing_subscriber::registry().with(ContextLayer::new())`.
    pub const fn new() -> Self {
        Self(())
    }
}

/// The context of a `tracing` span.
struct Kept(Context);

/// A `tracing` span that is entered, and the context that was current before; `None` where its own was not entered.
struct Entered {
    id: Id,
    before: Option<Context>,
}

/// How many `tracing` spans may be entered at once in a thread before contexts are no longer entered with them.
const MAX_ENTERED: usize = 1024;

thread_local! {
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for ContextLayer {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, layers: LayerContext<'_, S>) {
        let context = Context::current();
        if context.is_empty() {
            return;
        }
        if let Some(span) = layers.span(id) {
            span.extensions_mut().replace(Kept(context));
        }
    }

    fn on_enter(&self, id: &Id, layers: LayerContext<'_, S>) {
        let kept = || {
            let span = layers.span(id)?;
            span.extensions().get::<Kept>().map(|kept| kept.0.clone())
        };
        let context = if is_in_span() { None } else { kept() };
        let _ = ENTERED.try_with(|all| {
            let Ok(mut all) = all.try_borrow_mut() else { return };
            if all.len() < MAX_ENTERED {
                let before = context.and_then(|mut place| enter(&mut place).then_some(place));
                all.push(Entered { id: id.clone(), before });
            }
        });
    }

    fn on_exit(&self, id: &Id, _: LayerContext<'_, S>) {
        let ended = ENTERED.try_with(|all| {
            let mut all = all.try_borrow_mut().ok()?;
            let at = all.iter().rposition(|entered| entered.id == *id)?;
            all.remove(at).before
        });
        if let Ok(Some(mut before)) = ended {
            leave(&mut before, true);
        }
    }
}
