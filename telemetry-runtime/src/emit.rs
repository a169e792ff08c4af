//! Single events: the documented ones of `emit!`, and events of the user's own.

use crate::context::{self, Context};
use crate::dispatch::emit_with;
use crate::event::{FieldSource, Measurements, Times};
use crate::registry::{self, EventSite, SpanSite};
use crate::span::{self, Span, SpanMetadata, is_observed};
use crate::value::{Captured, StopValue};

/// A user's own event, or span.
///
/// Made by `#[derive(EventMetadata)]` with `#[event("a.b")]` or `#[span("a.b", stop(..))]`.
///
/// ```
/// use telemetry_runtime::{EventMetadata, testing};
///
/// #[derive(EventMetadata)]
/// #[event("my_app.saved")]
/// struct Saved<'a> {
///     #[event(measurement)]
///     bytes: u64,
///     name: &'a str,
/// }
///
/// let capture = testing::capture();
/// capture.scope(|| Saved { bytes: 12, name: "notes" }.emit());
/// assert_eq!(capture.events()[0].get("name").unwrap(), "notes");
/// ```
pub trait EventMetadata {
    /// Emits the event in the current context.
    fn emit(&self);
}

/// Captures a span whose fields are kept as they are.
pub fn keep_span<'k, S: SpanMetadata + 'k>(span: &mut Span<'k>, given: &S) {
    given.capture(&mut |key, value| span.add(key, value));
}

/// Captures a span so that nothing stays borrowed.
pub fn record_span<S: SpanMetadata>(span: &mut Span<'_>, given: &S) {
    given.capture(&mut |key, value| span.add(key, value.into_owned()));
}

/// Whether a handler or a hook here sees a single event, whose values are evaluated only then.
#[cold]
pub fn is_seen(site: &'static EventSite) -> bool {
    span::is_seen(site)
}

/// Emits a user's own event.
#[cold]
pub fn emit_event(
    site: &'static EventSite,
    measurements: &[(&'static str, Captured<'static>)],
    metadata: &[(&'static str, StopValue<'_>)],
) {
    emit(site, measurements, FieldSource::Stop(metadata));
}

/// Emits a documented event.
#[cold]
pub fn emit_captured(
    site: &'static EventSite,
    measurements: &[(&'static str, Captured<'static>)],
    metadata: &[(&'static str, Captured<'static>)],
) {
    emit(site, measurements, FieldSource::Captured(metadata));
}

fn emit(
    site: &'static EventSite,
    measurements: &[(&'static str, Captured<'static>)],
    given: FieldSource<'_>,
) {
    let context = Context::current();
    let times = if site.timed { Times::Event(context.now()) } else { Times::None };
    let measurements = Measurements { times, more: FieldSource::Captured(measurements) };
    emit_with(&context, context.place_of_event(), site, measurements, given);
}

/// Whether there is an enclosing observed span of that kind, to add keys to.
#[cold]
pub fn is_recorded(site: &'static SpanSite) -> bool {
    is_observed(site, registry::interest(site))
        && context::current_span().is_some_and(|span| span.nearest(site).is_some())
}

/// Adds a key to the stop of the nearest enclosing observed span of that kind.
#[cold]
pub fn record(site: &'static SpanSite, key: &'static str, value: Captured<'static>) {
    if let Captured::Absent = value {
        return;
    }
    if let Some(target) = context::current_span().and_then(|span| span.nearest(site)) {
        target.record(key, value);
    }
}
