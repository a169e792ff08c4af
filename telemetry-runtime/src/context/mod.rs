//! The context of a piece of work: its agent, session and span, and how it travels.

mod active_span;
mod carry;
mod current;
mod observer;
mod propagation;
mod state;

use std::borrow::Cow;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use serde::Serialize;
use telemetry_catalogue::ContextKey;

use crate::clock::{Deterministic, Moment};
use crate::event::{ContextKeys, IntoPatterns, Pattern};
use crate::handler::Handler;
use crate::ids::{SpanId, SpanIds, TraceId};
use crate::registry::ScopedHandlers;
use crate::secrets::{self, SecretSet, Secrets};
use crate::value::{CapturedValue, Value};

pub(crate) use active_span::{ActiveSpan, EventPlace, SpanPlace};
pub use carry::{InContext, WithContext, in_current_context};
#[cfg(feature = "tracing-layer")]
pub(crate) use current::is_in_span;
pub(crate) use current::{ContextGuard, current_span, enter, enter_leaf, leave, leave_leaf, with_state};
pub use observer::SpanObserver;
pub(crate) use observer::{Observers, Observing, tell};
pub use propagation::Carrier;
pub(crate) use state::{ContextState, RequestKeys};

/// The context of a piece of work: agent, session, run, iteration, tool call, the current span, secrets, scoped
/// handlers, and keys of your own that are added to every event.
///
/// A context is a value and cheap to clone: each `with_*` returns a changed copy. It becomes current when it is
/// entered by [`scope`](Context::scope) or [`in_context`](InContext::in_context). It follows calls and awaits. Carry
/// it into another task or thread:
///
/// ```
/// use telemetry_runtime::{Context, in_current_context};
///
/// let context = Context::current().with("user_id", "u-1").with_session_id("s-1");
/// let seen = context.scope(|| {
///     std::thread::spawn(in_current_context(|| {
///         Context::current().session_id().map(str::to_owned)
///     }))
///     .join()
///     .unwrap()
/// });
/// assert_eq!(seen.as_deref(), Some("s-1"));
/// assert_eq!(Context::current().session_id(), None);
/// ```
///
/// Values set by spans (such as an `agent`'s session id) exist only while a handler or hook is listening; values
/// set with `with_*` always exist.
#[derive(Clone, Default)]
pub struct Context {
    pub(crate) span: Option<Arc<ActiveSpan>>,
    pub(crate) state: Option<Arc<ContextState>>,
}

// A change makes a new context, so that no context is seen half-changed.
impl UnwindSafe for Context {}
impl RefUnwindSafe for Context {}

impl Context {
    /// A context in which nothing is known.
    pub(crate) const NONE: Self = Self { span: None, state: None };

    /// Returns an empty context.
    pub const fn new() -> Self {
        Self::NONE
    }

    #[cfg(feature = "tracing-layer")]
    pub(crate) fn is_empty(&self) -> bool {
        self.span.is_none() && self.state.is_none()
    }

    pub(crate) fn change(mut self, change: impl FnOnce(&mut ContextState)) -> Self {
        change(Arc::make_mut(self.state.get_or_insert_default()));
        self
    }

    /// Returns a copy of this context with the agent name set: the key `agent` of its events.
    #[must_use]
    pub fn with_agent(self, agent: impl AsRef<str>) -> Self {
        self.change(|state| state.keys.agent = Some(agent.as_ref().into()))
    }

    /// Returns a copy of this context with the session id set. An `agent` inside uses it instead of a new one.
    #[must_use]
    pub fn with_session_id(self, session_id: impl AsRef<str>) -> Self {
        self.change(|state| {
            state.keys.session_id = Some(session_id.as_ref().into());
            state.open_session();
        })
    }

    /// Returns a copy of this context with the id that the model gave a tool call.
    #[must_use]
    pub fn with_tool_call_id(self, tool_call_id: impl AsRef<str>) -> Self {
        self.change(|state| {
            state.keys.tool_call_id = Some(tool_call_id.as_ref().into());
            state.is_called = false;
        })
    }

    /// Returns a copy of this context with a key of your own, which is added to every event. A documented key of
    /// that name is not replaced. `None` removes the key.
    #[must_use]
    pub fn with(self, key: impl Into<Cow<'static, str>>, value: impl Serialize) -> Self {
        let (key, value) = (key.into(), CapturedValue::serialized(&value));
        self.change(|state| state.keys.own.set(key, value))
    }

    /// Returns a copy of this context with a handler that receives only what happens under it. The handler is
    /// dropped with the last context that has it.
    #[must_use]
    pub fn with_handler(self, events: impl IntoPatterns, handler: impl Handler) -> Self {
        self.with_scoped_handler(events.into_patterns(), Box::new(handler))
    }

    fn with_scoped_handler(self, patterns: Vec<Pattern>, handler: Box<dyn Handler>) -> Self {
        self.change(|state| {
            state.handlers = Some(ScopedHandlers::joined(state.handlers.as_ref(), patterns, handler));
        })
    }

    pub(crate) fn with_deterministic(self, deterministic: Arc<Deterministic>) -> Self {
        self.change(|state| state.deterministic = Some(deterministic))
    }

    /// Returns the agent name.
    pub fn agent(&self) -> Option<&str> {
        self.state.as_ref()?.keys.agent.as_deref()
    }

    /// Returns the session id.
    pub fn session_id(&self) -> Option<&str> {
        self.state.as_ref()?.keys.session_id.as_deref()
    }

    /// Returns the id of the session that delegated to this one.
    pub fn parent_session_id(&self) -> Option<&str> {
        self.state.as_ref()?.keys.parent_session_id.as_deref()
    }

    /// Returns the id of the run: the life of a Legion agent.
    pub fn run_id(&self) -> Option<&str> {
        self.state.as_ref()?.keys.run_id.as_deref()
    }

    /// Returns the id of the run around this one.
    pub fn parent_run_id(&self) -> Option<&str> {
        self.state.as_ref()?.keys.parent_run_id.as_deref()
    }

    /// Returns the id of the Legion agent: that of its run, unless it was given one.
    #[cfg(feature = "newer-events")]
    pub fn agent_id(&self) -> Option<&str> {
        self.state.as_ref()?.keys.agent_id()
    }

    /// Returns the id of the agent around this one.
    #[cfg(feature = "newer-events")]
    pub fn parent_agent_id(&self) -> Option<&str> {
        self.state.as_ref()?.keys.parent_agent_id()
    }

    /// Returns the number of the current iteration, counted from 0.
    pub fn iteration(&self) -> Option<u64> {
        self.state.as_ref()?.keys.iteration
    }

    /// Returns the id of the current tool call.
    pub fn tool_call_id(&self) -> Option<&str> {
        self.state.as_ref()?.keys.tool_call_id.as_deref()
    }

    /// Returns the secrets that code here may use.
    pub fn secrets(&self) -> Option<&Secrets> {
        self.state.as_ref()?.secrets.as_ref()
    }

    /// Returns the ids of the current span. `None` outside of observed spans.
    pub fn span(&self) -> Option<SpanIds> {
        self.span.as_ref().map(|node| node.place.ids)
    }

    /// Returns the value of a key of your own.
    pub fn get(&self, key: &str) -> Option<Value<'_>> {
        self.state.as_ref()?.keys.own.get(key)
    }

    /// Iterates over all keys of your own.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.state.iter().flat_map(|state| state.keys.own.iter())
    }

    /// The span that new spans here are children of: the current one, else one of another process.
    pub(crate) fn parent(&self) -> Option<(TraceId, SpanId)> {
        let local = self.span.as_ref().map(|node| (node.place.ids.trace_id, node.place.ids.id));
        local.or_else(|| self.state.as_ref()?.remote)
    }

    /// Where a single event is that is emitted here: in the current span, else in the one of another process that this
    /// context is of.
    pub(crate) fn place_of_event(&self) -> EventPlace {
        let remote = || self.state.as_ref()?.remote.map(|(trace_id, id)| SpanIds::new(trace_id, id, None));
        EventPlace { span: self.span().or_else(remote), depth: self.depth() }
    }

    /// The keys of the request that the next span answers, which nothing inside of that has.
    pub(crate) fn take_request(&mut self) -> Option<RequestKeys> {
        self.state.as_ref()?.request.as_ref()?;
        Arc::make_mut(self.state.as_mut()?).request.take()
    }

    /// Puts the nearest open span around in the place of one that has ended, where a task outlives the span it came from.
    #[inline]
    pub(crate) fn leave_ended(&mut self) {
        if let Some(span) = self.span.take() {
            self.span = Some(ActiveSpan::still_open(span));
        }
    }

    /// Whether a span without observers that begins here can be a leaf. Not where the span around has observers, which
    /// would take the leaf's work for its own, or where the caller's other spans are to know the secrets of this one.
    #[inline]
    pub(crate) fn may_have_leaf(&self) -> bool {
        self.span.as_ref().is_none_or(|span| span.observers.is_none())
            && self.state.as_ref().is_none_or(|state| state.caller_secrets.is_none())
    }

    /// Makes a span that others may hold the current one.
    pub(crate) fn open_span(&mut self, place: SpanPlace, observers: Observers) {
        let caller = self.state.as_ref().and_then(|state| state.caller_secrets.as_ref());
        let node = ActiveSpan::open(place, self.span.take(), observers, caller);
        if let Some(secrets) = self.secrets()
            && place.depth == 0
        {
            node.add_secrets(secrets);
        }
        self.span = Some(node);
    }

    /// The sampling decision of the span that new spans here are children of, if there is one.
    pub(crate) fn sampled(&self) -> Option<bool> {
        let local = self.span.as_ref().and_then(|node| node.place.sampled);
        local.or_else(|| self.state.as_ref()?.sampled)
    }

    /// The context's part of an event: its documented keys of that list, and the user's own.
    pub(crate) fn keys(&self, keys: &'static [ContextKey]) -> Option<(&ContextKeys, &'static [ContextKey])> {
        self.state.as_deref().map(|state| (&state.keys, keys))
    }

    /// The time, by the clock of this context.
    #[inline]
    pub(crate) fn now(&self) -> Moment {
        match self.state.as_ref().and_then(|state| state.deterministic.as_ref()) {
            None => Moment::now(),
            Some(deterministic) => deterministic.now(),
        }
    }

    /// How many observed spans are around an event emitted here.
    pub(crate) fn depth(&self) -> u32 {
        self.span.as_ref().map_or(0, |node| node.place.depth + 1)
    }
}

/// Secrets that events here may not show.
impl Context {
    /// The secrets known to the trace. One relaxed load where there are none in the process.
    #[inline]
    pub(crate) fn known_secrets(&self) -> Option<Arc<SecretSet>> {
        if secrets::any_alive() { self.secrets_of_trace() } else { None }
    }

    /// A trace knows those of its contexts: they were added to it when its first span began, or since then.
    #[cold]
    fn secrets_of_trace(&self) -> Option<Arc<SecretSet>> {
        let known = match &self.span {
            Some(span) => span.secrets(),
            None => self.state.as_ref().and_then(|state| state.caller_secrets.as_ref()?.known()),
        };
        known.or_else(|| self.secrets().map(|own| own.set().clone())).filter(|known| !known.is_empty())
    }

    /// A text as it may be shown here: with secrets replaced by their names.
    pub(crate) fn scrub<'t>(&self, text: impl Into<Cow<'t, str>>) -> Cow<'t, str> {
        let text = text.into();
        self.known_secrets().and_then(|known| known.scrubbed(&text)).map_or(text, Cow::Owned)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("agent", &self.agent())
            .field("session_id", &self.session_id())
            .field("run_id", &self.run_id())
            .field("tool_call_id", &self.tool_call_id())
            .field("span", &self.span())
            .finish_non_exhaustive()
    }
}
