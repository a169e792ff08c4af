//! From an emission to the handlers: the one place that events pass.
//!
//! Here the keys of the context are added, secrets are taken out, and handlers are kept from harming
//! the caller and each other.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arc_swap::Guard;
use serde::Serialize;

use crate::callsite::EventSite;
use crate::context::{Context, ContextState};
use crate::event::{Event, FieldSource, LayeredFields, Measurements, Metadata};
use crate::handler::Attached;
use crate::hooks::SpanHook;
use crate::name::EventName;
use crate::panics::{self, Frames, Panicked};
use crate::registry::{self, HandlerList};
use crate::secrets::Secrets;
use crate::value::{Json, Value, map_of};
use crate::{clock, local, sites};

/// Who is to see an event.
pub(crate) struct Receivers<'a> {
    /// The event's name as handlers are attached to it; what they are shown may have a secret less.
    name: &'a str,
    attached: Guard<Option<Arc<HandlerList>>>,
    /// The handlers of the context; they are filtered by name as they are called.
    scoped: Option<&'a registry::ScopedHandlers>,
}

impl<'a> Receivers<'a> {
    #[inline]
    pub(crate) fn of(site: &EventSite, state: Option<&'a ContextState>) -> Self {
        let name = site.name;
        Self { name, attached: site.handlers.load(), scoped: Self::scoped(name, state) }
    }

    fn scoped(name: &str, state: Option<&'a ContextState>) -> Option<&'a registry::ScopedHandlers> {
        let scoped = state?.handlers.as_deref()?;
        scoped.list.iter().any(|handler| handler.sees(name)).then_some(scoped)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.attached.is_none() && self.scoped.is_none()
    }

    /// Gives the event to each of them, with no secret in it, and at last to one more.
    #[inline]
    pub(crate) fn deliver(&self, event: &Event<'_>, context: &Context, last: Option<&dyn Fn(&Event<'_>)>) {
        let deliver = |event: &Event<'_>| {
            self.hand_out(event, context);
            if let Some(last) = last {
                last(event);
            }
        };
        match Secrets::known_to(context) {
            None => deliver(event),
            Some(secrets) => secrets.hide(event, deliver),
        }
    }

    #[inline]
    fn hand_out(&self, event: &Event<'_>, context: &Context) {
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
    let Some(running) = local::running(handler.serial) else { return };
    let result = panics::watch_handler(|| handler.handle(event));
    drop(running);
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
    registry::remove_failed(handler);
    let Panicked { message, frames } = panicked;
    let site = &sites::handler_failure;
    let frames = Frames(frames);
    if site.interest() != 0 {
        let now = context.now();
        emit_with(
            context,
            site,
            Measurements {
                known: &[("system_time", context.wall(now)), ("monotonic_time", now)],
                ..Measurements::NONE
            },
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
    tracing::error!(target: "telemetry", "{}", Secrets::hide_text(context, report));
}

/// Emits a single event in a context.
pub(crate) fn emit_in(
    context: &Context,
    site: &'static EventSite,
    measurements: &[(&str, Value<'_>)],
    metadata: &[(&str, Value<'_>)],
) {
    let measurements = Measurements { more: FieldSource::Values(measurements), ..Measurements::NONE };
    emit_with(context, site, measurements, FieldSource::Values(metadata));
}

pub(crate) fn emit_with(
    context: &Context,
    site: &'static EventSite,
    measurements: Measurements<'_>,
    given: FieldSource<'_>,
) {
    if site.interest() == 0 {
        return;
    }
    let state = context.state.as_deref();
    let receivers = Receivers::of(site, state);
    let hooks = registry::hooks();
    if receivers.is_empty() && hooks.is_none() {
        return;
    }
    let event = Event {
        name: site.name,
        description: None,
        category: site.category,
        measurements,
        metadata: Metadata(LayeredFields { context: context.keys(site.context), start: &[], given }),
        span: context.span(),
        depth: context.depth(),
    };
    receivers.deliver(&event, context, Some(&|event| tell(hooks.as_deref(), event)));
}

/// Tells the hooks of a single event.
fn tell(hooks: Option<&Vec<Arc<dyn SpanHook>>>, event: &Event<'_>) {
    for hook in hooks.into_iter().flatten() {
        let _ = panics::contain(|| hook.on_event(event));
    }
}

/// Emits an event whose name is made at run time, in the current context.
///
/// `measurements` and `metadata` are anything that serialises to a map, such as `json!({..})` or a
/// struct; `()` is an empty one. They are serialised only if some handler sees the event.
///
/// ```
/// use serde_json::json;
/// use telemetry_runtime::{EventName, execute};
///
/// let name = EventName::parse(format!("shop.{}.paid", "order"))?;
/// execute(&name, &json!({"count": 2}), &json!({"by": "card"}))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When one of them does not serialise to a map. No handler sees the event then.
pub fn execute<M, D>(name: &EventName, measurements: &M, metadata: &D) -> Result<(), ExecuteError>
where
    M: Serialize + ?Sized,
    D: Serialize + ?Sized,
{
    let context = Context::current();
    let state = context.state.as_deref();
    let attached = registry::all().map(|all| -> HandlerList {
        all.iter().filter(|handler| handler.sees(name.as_str())).cloned().collect()
    });
    let receivers = Receivers {
        name: name.as_str(),
        attached: Guard::from_inner(attached.filter(|list| !list.is_empty()).map(Arc::new)),
        scoped: Receivers::scoped(name.as_str(), state),
    };
    let hooks = registry::hooks();
    if receivers.is_empty() && hooks.is_none() {
        return Ok(());
    }
    let measurements = map_of(measurements).map_err(|found| ExecuteError { what: "measurements", found })?;
    let metadata = map_of(metadata).map_err(|found| ExecuteError { what: "metadata", found })?;
    let category = crate::event::category_of(name.as_str());
    // A name made at run time may be made of a secret; a documented one is no content.
    let shown = match category {
        Some(_) => Cow::Borrowed(name.as_str()),
        None => Secrets::hide_text(&context, name.as_str()),
    };
    let event = Event {
        name: &shown,
        description: None,
        category,
        measurements: Measurements { more: FieldSource::Map(&measurements), ..Measurements::NONE },
        metadata: Metadata(LayeredFields {
            context: context.keys(&[]),
            start: &[],
            given: FieldSource::Map(&metadata),
        }),
        span: context.span(),
        depth: context.depth(),
    };
    receivers.deliver(&event, &context, Some(&|event| tell(hooks.as_deref(), event)));
    Ok(())
}

/// What was given to [`execute`] is no map.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecuteError {
    what: &'static str,
    found: Json,
}

impl std::fmt::Display for ExecuteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let found = match &self.found {
            Json::Array(_) => "a sequence",
            Json::String(text) if text.starts_with("<unserialisable") => "a value that fails to serialise",
            Json::String(_) => "a string",
            Json::Number(_) => "a number",
            Json::Bool(_) => "a boolean",
            Json::Null | Json::Object(_) => "something else",
        };
        write!(f, "the {} of an event are a map, not {found}", self.what)
    }
}

impl std::error::Error for ExecuteError {}

impl Context {
    /// The monotonic time, in nanoseconds.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match self.state.as_ref().and_then(|state| state.deterministic.as_ref()) {
            None => clock::monotonic(),
            Some(deterministic) => deterministic.now(),
        }
    }

    /// The wall time at a monotonic time just read, in nanoseconds since the Unix epoch.
    #[inline]
    pub(crate) fn wall(&self, now: u64) -> u64 {
        match self.state.as_ref().and_then(|state| state.deterministic.as_ref()) {
            None => clock::wall(now),
            Some(deterministic) => deterministic.wall(now),
        }
    }

    pub(crate) fn depth(&self) -> u32 {
        self.span.as_ref().map_or(0, |node| node.depth + 1)
    }
}
