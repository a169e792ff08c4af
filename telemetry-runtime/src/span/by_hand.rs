//! Spans that are ended by hand, for frameworks whose beginning and end are two calls.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;

use super::answer::Answer;
use super::lifecycle::Measured;
use super::one_call::one_call;
use super::span_metadata::SpanMetadata;
use super::state::Span;
use super::stop::Stop;
use super::stop_metadata::{Derived, NothingToDerive, StopMetadata};
use crate::capture::AsFailure;
use crate::context::Context;
use crate::value::{Captured, StopValue};

/// A span that was opened by [`open_span!`](crate::open_span) and is ended by hand: by [`stop`](Self::stop),
/// [`fail`](Self::fail) or [`end`](Self::end). One that is dropped is cancelled.
///
/// `S` is the span: one of [`spans`](crate::spans), or a type of your own with `#[span(..)]`. It is `Send + 'static`, so
/// that it can be kept in a map from the call's id to its span.
///
/// ```
/// use telemetry_runtime::{OpenSpan, open_span, record, spans, testing};
///
/// struct Hooks {
///     turn: Option<OpenSpan<spans::llm_turn>>,
/// }
///
/// impl Hooks {
///     fn before_model(&mut self, model: &str, prompt: &str) {
///         self.turn = Some(open_span!(llm_turn, model, messages = [prompt]));
///     }
///
///     fn after_model(&mut self, tokens: u64) {
///         if let Some(turn) = self.turn.take() {
///             record!(turn; usage = serde_json::json!({ "input_tokens": tokens }), finish_reason = "stop");
///             turn.end();
///         }
///     }
/// }
///
/// let capture = testing::capture();
/// capture.scope(|| {
///     let mut hooks = Hooks { turn: None };
///     hooks.before_model("gpt-4o", "Oslo?");
///     hooks.after_model(3);
/// });
/// assert_eq!(capture.names(), ["condukt.llm_turn.start", "condukt.llm_turn.stop"]);
/// ```
#[must_use = "a span that is dropped is cancelled: keep it, and end it by `stop`, `fail` or `end`"]
pub struct OpenSpan<S: SpanKind> {
    /// None where the span is not observed.
    span: Option<Box<Span<'static>>>,
    context: Context,
    measured: Measured,
    kind: PhantomData<fn() -> S>,
}

/// A kind of span that can be opened by hand. Implemented for all [`spans`](crate::spans) and for spans of your own.
pub trait SpanKind {
    #[doc(hidden)]
    type Keys: 'static;

    #[doc(hidden)]
    type Mode;

    #[doc(hidden)]
    const KEYS: Self::Keys;
}

impl<S: SpanMetadata> SpanKind for S {
    type Keys = S::StopKeys;
    type Mode = S::Derives;
    const KEYS: S::StopKeys = S::STOP_KEYS;
}

/// A call of a model whose answer is read, as `open_span!(llm_turn, .., response)` opens it.
#[derive(Clone, Copy, Debug)]
pub struct Answered<S>(PhantomData<S>);

impl<S: SpanKind> SpanKind for Answered<S> {
    type Keys = S::Keys;
    type Mode = mode::Answer;
    const KEYS: S::Keys = S::KEYS;
}

/// What a span takes from the value that it stops with.
pub(crate) mod mode {
    pub(crate) use crate::span::stop_metadata::{Derived, NothingToDerive};

    /// The value is a model's answer.
    #[derive(Debug)]
    pub struct Answer;

    /// The value is the `result`.
    #[derive(Debug)]
    pub struct Value;
}

/// A value that a span of kind `S` can stop with.
#[diagnostic::on_unimplemented(
    message = "a span of kind `{S}` cannot stop with `{Self}`",
    label = "this value gives no stop keys",
    note = "`tool_call` and `sandbox_eval` stop with a value that implements `Serialize`, other spans with one that \
            implements `StopMetadata`: `#[derive(StopMetadata)] #[stop_of({S})]`",
    note = "or give the keys, and end without a value: `record!(span; KEY = EXPR, ..); span.end()`"
)]
pub trait StopsWith<S, Mode> {
    #[doc(hidden)]
    fn fill<'r>(&'r self, stop: &mut Stop<'r>);
}

#[diagnostic::do_not_recommend]
impl<S, T: StopMetadata<S> + ?Sized> StopsWith<S, Derived> for T {
    fn fill<'r>(&'r self, stop: &mut Stop<'r>) {
        self.stop_metadata(stop);
    }
}

#[diagnostic::do_not_recommend]
impl<S, T: ?Sized> StopsWith<S, NothingToDerive> for T {
    fn fill<'r>(&'r self, _: &mut Stop<'r>) {}
}

#[diagnostic::do_not_recommend]
impl<S, T: Serialize> StopsWith<S, mode::Value> for T {
    fn fill<'r>(&'r self, stop: &mut Stop<'r>) {
        stop.set("result", StopValue::lazy(self));
    }
}

#[diagnostic::do_not_recommend]
impl<S, T: Answer + ?Sized> StopsWith<S, mode::Answer> for T {
    fn fill<'r>(&'r self, stop: &mut Stop<'r>) {
        stop.response(self);
    }
}

/// Begins a span that was captured, in the current context.
#[cold]
pub fn open_span<S: SpanKind>(span: Option<Box<Span<'static>>>) -> OpenSpan<S> {
    let mut span = span;
    let context = match super::future::ensure_started(&mut span) {
        Some(span) => span.context(),
        None => Context::current(),
    };
    OpenSpan { span, context, measured: Measured::default(), kind: PhantomData }
}

impl<S: SpanKind> OpenSpan<S> {
    /// Returns the context for work inside the span: `span.context().scope(|| ..)`, `fut.in_context(span.context())`.
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// Ends the span as if `value` were returned.
    ///
    /// Of a `Result` give the `Ok` value here and the error to [`fail`](Self::fail).
    pub fn stop<T: StopsWith<S, S::Mode> + ?Sized>(self, value: &T) {
        self.ended(&mut |stop| {
            stop.ok();
            value.fill(stop);
        });
    }

    /// Ends the span with what was recorded.
    pub fn end(self) {
        self.ended(&mut Stop::ok);
    }

    /// Ends the span as if `error` were returned: with its text, its causes and its kind.
    ///
    /// For a kind of your own, record it before: `record!(span; error_type = "rate_limited")`.
    pub fn fail<E: AsFailure + ?Sized>(self, error: &E) {
        let failure = error.failure();
        self.ended(&mut one_call(|stop: &mut Stop<'_>| stop.fail(failure)));
    }

    /// Counts an item of a stream that the span follows: the first gives the end its `time_to_first_item`, the first with
    /// a token its `time_to_first_token`, all together its `items`.
    pub fn item(&mut self, has_token: bool) {
        let Some(span) = &self.span else { return };
        let now = span.now();
        let measured = &mut self.measured;
        measured.items = Some(measured.items.unwrap_or(0).saturating_add(1));
        measured.first_item.get_or_insert(now);
        if has_token {
            measured.first_token.get_or_insert(now);
        }
    }

    fn ended<'r>(mut self, fill: &mut dyn FnMut(&mut Stop<'r>)) {
        if let Some(mut span) = self.span.take() {
            span.stop(self.measured, fill);
        }
    }

    /// Whether a handler or a hook sees the span.
    pub fn is_observed(&self) -> bool {
        self.span.as_ref().is_some_and(|span| span.observed)
    }

    #[doc(hidden)]
    pub fn keys(&self) -> S::Keys {
        S::KEYS
    }

    #[doc(hidden)]
    pub fn record(&self, key: &'static str, value: Captured<'static>) {
        if !matches!(value, Captured::Absent)
            && let Some(node) = self.span.as_ref().and(self.context.span.as_ref())
        {
            node.record(key, value);
        }
    }
}

impl<S: SpanKind> Drop for OpenSpan<S> {
    fn drop(&mut self) {
        if let Some(mut span) = self.span.take() {
            span.cancelled(self.measured, &mut |_| {});
        }
    }
}

impl<S: SpanKind> fmt::Debug for OpenSpan<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSpan").field("context", &self.context).finish_non_exhaustive()
    }
}
