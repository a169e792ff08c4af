//! From an emission to the handlers: every event passes here.
//!
//! Here the keys of the context are added, secrets are taken out, and handlers are kept from harming
//! the caller and each other.

mod execute;
mod fields;
mod running;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arc_swap::Guard;
use telemetry_catalogue::{Category, ContextKey};

pub(crate) use self::fields::LazyFields;

use crate::context::{Context, ContextState, EventPlace};
use crate::event::{Event, FieldSource, LayeredFields, Measurements, Metadata, Times};
use crate::handler::{Attached, HandlerList};
use crate::hook::{self, Hooks};
use crate::panics::{self, Frames, Panicked};
use crate::registry::{self, EventSite, ScopedHandlers, documented};
use crate::value::Value;

pub use execute::{ExecuteError, execute};

/// The handlers that receive an event.
pub(crate) struct Receivers<'a> {
    /// The event's name as handlers are attached to it; what they read may have a secret less.
    name: &'a str,
    attached: Guard<Option<Arc<HandlerList>>>,
    /// The handlers of the context; they are filtered by name as they are called.
    scoped: Option<&'a ScopedHandlers>,
}

impl<'a> Receivers<'a> {
    #[inline]
    pub(crate) fn of(site: &EventSite, state: Option<&'a ContextState>) -> Self {
        let name = site.name;
        Self { name, attached: site.handlers.load(), scoped: Self::scoped(name, state) }
    }

    fn scoped(name: &str, state: Option<&'a ContextState>) -> Option<&'a ScopedHandlers> {
        let scoped = state?.handlers.as_deref()?;
        scoped.list.iter().any(|handler| handler.sees(name)).then_some(scoped)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.attached.is_none() && self.scoped.is_none()
    }

    /// Gives the event to each of them.
    #[inline]
    pub(crate) fn hand_out(&self, event: &Event<'_>, context: &Context) {
        if let Some(list) = &*self.attached {
            for handler in list.iter() {
                call(handler, event, context);
            }
        }
        if let Some(scoped) = self.scoped {
            for handler in scoped.list.iter().filter(|handler| handler.sees(self.name)) {
                call(handler, event, context);
            }
        }
    }
}

fn call(handler: &Attached, event: &Event<'_>, context: &Context) {
    if handler.failed.load(Ordering::Relaxed) {
        return;
    }
    let Some(mark) = running::enter(handler.serial) else { return };
    let result = panics::watch_handler(|| handler.handle(event));
    drop(mark);
    if let Err(panicked) = result {
        fail(handler, event, context, panicked);
    }
}

/// Detaches a handler that panicked, emits `telemetry.handler.failure`, then logs.
#[cold]
fn fail(handler: &Attached, event: &Event<'_>, context: &Context, panicked: Panicked) {
    if handler.failed.swap(true, Ordering::Relaxed) {
        return;
    }
    registry::remove_serial(handler.serial);
    let Panicked { message, frames } = panicked;
    let site = &documented::handler_failure;
    let frames = Frames(frames);
    if registry::interest(site) != 0 {
        // A leaf is not the span of its context.
        let place = EventPlace { span: event.span, depth: event.depth + u32::from(event.phase.is_some()) };
        emit_with(
            context,
            place,
            site,
            Measurements { times: Times::Start(context.now()), ..Measurements::NONE },
            FieldSource::Values(&[
                ("event_name", Value::Str(event.name)),
                ("handler_id", Value::Str(&handler.id)),
                ("kind", Value::Str("panic")),
                ("reason", Value::Str(&message)),
                ("stacktrace", Value::serialize(&frames)),
            ]),
        );
    }
    let report = format!(
        "handler {id:?} panicked on {name} and has been detached: {message}",
        id = &*handler.id,
        name = event.name,
    );
    // A `tracing` layer of the user's may panic too, or have lost its thread-locals at the end of a thread.
    let _ = panics::contain(|| tracing::error!(target: "telemetry", "{}", context.scrub(report)));
}

/// Emits a single event in a context, at a place within its trace.
pub(crate) fn emit_with(
    context: &Context,
    place: EventPlace,
    site: &'static EventSite,
    measurements: Measurements<'_>,
    given: FieldSource<'_>,
) {
    if registry::interest(site) == 0 {
        return;
    }
    let receivers = Receivers::of(site, context.state.as_deref());
    let hooks = hook::all();
    if receivers.is_empty() && hooks.is_none() {
        return;
    }
    let single = Single {
        name: site.name,
        category: site.category,
        keys: site.context,
        measurements,
        metadata: given,
    };
    single.hand_out(context, place, &receivers, hooks.as_deref());
}

/// A single event, with what it was given.
struct Single<'a> {
    name: &'a str,
    category: Option<Category>,
    /// The context keys it shows.
    keys: &'static [ContextKey],
    measurements: Measurements<'a>,
    metadata: FieldSource<'a>,
}

impl Single<'_> {
    /// Gives it to the handlers, then to the hooks.
    fn hand_out(
        &self,
        context: &Context,
        place: EventPlace,
        receivers: &Receivers<'_>,
        hooks: Option<&Hooks>,
    ) {
        let secrets = context.known_secrets();
        let secrets = secrets.as_deref();
        let layers = LayeredFields {
            is_documented: self.category.is_some(),
            context: context.keys(self.keys),
            start: &[],
            given: self.metadata,
        };
        let fields = LazyFields::metadata(layers, secrets, None);
        let numbers = LazyFields::measurements(self.measurements.more, secrets);
        let event = Event {
            name: self.name,
            description: None,
            category: self.category,
            phase: None,
            measurements: Measurements { more: numbers.source(), ..self.measurements },
            metadata: Metadata(fields.source()),
            span: place.span,
            depth: place.depth,
        };
        receivers.hand_out(&event, context);
        hook::tell(hooks, &event);
    }
}
