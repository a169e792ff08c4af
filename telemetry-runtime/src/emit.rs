//! Single events: the documented ones of `emit!`, and the user's own.

use crate::callsite::{EventSite, SpanSite};
use crate::context::Context;
use crate::dispatch::emit_with;
use crate::event::{Given, Measurements};
use crate::span::Span;
use crate::value::{Captured, StopValue};

/// A user's own event, or span.
///
/// Made by `#[derive(EventMetadata)]` with `#[event("a.b")]` or `#[span("a.b", stop(..))]`.
pub trait EventMetadata {
    /// Emits the event in the current context.
    fn emit(&self);
}

/// A user's own span. Made by `#[derive(EventMetadata)]` with `#[span(..)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no span",
    note = "a span of your own is a struct with `#[derive(EventMetadata)]` and `#[span(\"a.b\", stop(..))]`"
)]
pub trait SpanMetadata {
    /// Its stop keys, one field each.
    type StopKeys: 'static;

    #[doc(hidden)]
    type Derives;

    #[doc(hidden)]
    const STOP_KEYS: Self::StopKeys;

    #[doc(hidden)]
    fn site() -> &'static SpanSite;

    #[doc(hidden)]
    fn capture<'k>(&self, set: &mut dyn FnMut(&'static str, Captured<'k>))
    where
        Self: 'k;
}

/// Captures a span whose fields are kept as they are.
pub fn keep_span<'k, S: SpanMetadata + 'k>(span: &mut Span<'k>, given: &S) {
    given.capture(&mut |key, value| span.set(key, value));
}

/// Captures a span so that nothing stays borrowed.
pub fn record_span<S: SpanMetadata>(span: &mut Span<'_>, given: &S) {
    given.capture(&mut |key, value| span.set(key, value.into_owned()));
}

/// Emits a user's own event.
#[cold]
pub fn emit_event(
    site: &'static EventSite,
    measurements: &[(&'static str, Captured<'static>)],
    metadata: &[(&'static str, StopValue<'_>)],
) {
    emit(site, measurements, Given::Stop(metadata));
}

/// Emits a documented event.
#[cold]
pub fn emit_captured(
    site: &'static EventSite,
    measurements: &[(&'static str, Captured<'static>)],
    metadata: &[(&'static str, Captured<'static>)],
) {
    emit(site, measurements, Given::Captured(metadata));
}

fn emit(site: &'static EventSite, measurements: &[(&'static str, Captured<'static>)], given: Given<'_>) {
    let context = Context::current();
    let time = if site.timed { &[("system_time", context.wall(context.now()))][..] } else { &[] };
    emit_with(&context, site, Measurements { known: time, more: Given::Captured(measurements) }, given);
}

/// Adds a key to the stop of the nearest enclosing observed span of that kind.
#[cold]
pub fn record(site: &'static SpanSite, key: &'static str, value: Captured<'static>) {
    if let Captured::Absent = value {
        return;
    }
    let span = crate::local::with_context(|context| context.span.clone()).flatten();
    if let Some(target) = span.as_ref().and_then(|span| span.nearest(site)) {
        target.record(key, value);
    }
}
