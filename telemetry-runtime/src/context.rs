//! What is known around a piece of work: who runs it, in which session, under which span.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{self, Poll};

use pin_project_lite::pin_project;
use serde::Serialize;
use telemetry_catalogue::ContextKey;
use uuid::Uuid;

use crate::dispatch;
use crate::handler::Handler;
use crate::hooks;
use crate::ids::{SpanId, SpanIds, TraceId};
use crate::local;
use crate::name::IntoPatterns;
use crate::registry::ScopedHandlers;
use crate::secrets::{Secrets, TraceSecrets};
use crate::span::ActiveSpan;
use crate::testing::Deterministic;
use crate::value::{Captured, CapturedValue, Value};

/// What is known around a piece of work: agent, session, run, iteration, tool call, the current
/// span, secrets, handlers of its own, and keys of the user's that are added to every event.
///
/// A context is a value: `with_*` make changed copies, cheaply, and nothing is current until it is
/// entered by [`scope`](Context::scope) or [`in_context`](InContext::in_context). It follows calls and
/// awaits by itself. Into another task or thread it is carried:
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
/// What spans open by themselves, such as the session of an `agent`, exists while a handler
/// observes; what is set here is always there.
#[derive(Clone, Default)]
pub struct Context {
    pub(crate) span: Option<Arc<ActiveSpan>>,
    pub(crate) state: Option<Arc<ContextState>>,
}

// A change makes a new context, so none is ever seen half-changed.
impl UnwindSafe for Context {}
impl RefUnwindSafe for Context {}

/// The part of a context that few spans change.
#[derive(Clone, Default)]
pub(crate) struct ContextState {
    pub(crate) agent: Option<Arc<str>>,
    pub(crate) session_id: Option<Arc<str>>,
    pub(crate) parent_session_id: Option<Arc<str>>,
    pub(crate) run_id: Option<Arc<str>>,
    pub(crate) parent_run_id: Option<Arc<str>>,
    pub(crate) iteration: Option<u64>,
    pub(crate) tool_call_id: Option<Arc<str>>,
    /// Whether that is the id of a tool call which is open.
    pub(crate) is_called: bool,
    /// Where a session that opens below tells the delegation above.
    pub(crate) child_session: Option<Arc<OnceLock<Arc<str>>>>,
    /// The span of another process that this one continues.
    pub(crate) remote: Option<(TraceId, SpanId)>,
    pub(crate) sampled: Option<bool>,
    /// The secrets of its trace that are known here: several spans of ours may be its children.
    pub(crate) caller_secrets: Option<Arc<TraceSecrets>>,
    pub(crate) secrets: Option<Secrets>,
    pub(crate) handlers: Option<Arc<ScopedHandlers>>,
    pub(crate) keys: Vec<(Cow<'static, str>, Arc<Captured<'static>>)>,
    /// A clock and ids for tests.
    pub(crate) deterministic: Option<Arc<Deterministic>>,
}

impl ContextState {
    /// The value of a context key.
    pub(crate) fn get(&self, key: ContextKey) -> Option<Value<'_>> {
        match key {
            ContextKey::Agent => self.agent.as_deref().map(Value::Str),
            ContextKey::SessionId => self.session_id.as_deref().map(Value::Str),
            ContextKey::ParentSessionId => self.parent_session_id.as_deref().map(Value::Str),
            ContextKey::RunId => self.run_id.as_deref().map(Value::Str),
            ContextKey::ParentRunId => self.parent_run_id.as_deref().map(Value::Str),
            ContextKey::Iteration => self.iteration.map(Value::U64),
            ContextKey::ToolCallId => self.tool_call_id.as_deref().map(Value::Str),
        }
    }

    /// Opens a session if there is none, and tells the delegation above of it.
    pub(crate) fn open_session(&mut self) {
        let session = self.session_id.get_or_insert_with(|| new_uuid(self.deterministic.as_deref()));
        if let Some(cell) = self.child_session.take() {
            let _ = cell.set(session.clone());
        }
    }
}

/// A new `UUIDv7` in its canonical form.
pub(crate) fn new_uuid(deterministic: Option<&Deterministic>) -> Arc<str> {
    let uuid = deterministic.map_or_else(Uuid::now_v7, Deterministic::uuid);
    uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned().into()
}

impl Context {
    /// A context in which nothing is known.
    pub(crate) const NONE: Self = Self { span: None, state: None };

    /// A context in which nothing is known.
    pub const fn new() -> Self {
        Self::NONE
    }

    /// The context of the code that runs.
    pub fn current() -> Self {
        local::with_context(Self::clone).unwrap_or(Self::NONE)
    }

    fn change(mut self, change: impl FnOnce(&mut ContextState)) -> Self {
        change(Arc::make_mut(self.state.get_or_insert_default()));
        self
    }

    /// The same with the agent's name.
    #[must_use]
    pub fn with_agent(self, agent: impl AsRef<str>) -> Self {
        self.change(|state| state.agent = Some(agent.as_ref().into()))
    }

    /// The same in that session. An `agent` inside does not open one of its own.
    #[must_use]
    pub fn with_session_id(self, session_id: impl AsRef<str>) -> Self {
        self.change(|state| {
            state.session_id = Some(session_id.as_ref().into());
            state.open_session();
        })
    }

    /// The same with the id that the model gave a tool call.
    #[must_use]
    pub fn with_tool_call_id(self, tool_call_id: impl AsRef<str>) -> Self {
        self.change(|state| {
            state.tool_call_id = Some(tool_call_id.as_ref().into());
            state.is_called = false;
        })
    }

    /// The same with a key of your own, added to every event. A documented key of that name is not
    /// replaced. A value that is `None` removes the key.
    #[must_use]
    pub fn with(self, key: impl Into<Cow<'static, str>>, value: impl Serialize) -> Self {
        let (key, value) = (key.into(), CapturedValue::serialized(&value));
        self.change(|state| {
            state.keys.retain(|(known, _)| *known != key);
            if !matches!(value, CapturedValue::Absent) {
                state.keys.push((key, Arc::new(value)));
            }
        })
    }

    /// The same with secrets, which no event shows from now on; emits `condukt.secrets.resolve`.
    ///
    /// They join those that are there; of two with one name the later is the one to
    /// [`get`](Secrets::get), and both are kept out of events. A span that is open around this
    /// context, however far out, does not show them either.
    #[must_use]
    pub fn with_secrets(self, secrets: impl Into<Secrets>) -> Self {
        let added: Secrets = secrets.into();
        let context = self.change(|state| {
            state.secrets = Some(state.secrets.take().unwrap_or_default().joined(&added));
        });
        if let Some(span) = &context.span {
            span.add_secrets(&added);
        }
        if let Some(caller) = context.state.as_ref().and_then(|state| state.caller_secrets.as_ref()) {
            caller.add(&added);
        }
        context.emit_resolved(&added);
        context
    }

    fn emit_resolved(&self, added: &Secrets) {
        let site = &crate::sites::secrets_resolve;
        if !added.is_empty() && site.enabled() {
            let names = added.names();
            dispatch::emit_in(
                self,
                site,
                &[("count", Value::from(names.len()))],
                &[("names", Value::serialize(&names))],
            );
        }
    }

    /// The same with a handler that sees only what happens under this context. It is gone when the
    /// last context that has it is.
    #[must_use]
    pub fn with_handler(self, events: impl IntoPatterns, handler: impl Handler) -> Self {
        self.with_scoped_handler(events.into_patterns(), Box::new(handler))
    }

    fn with_scoped_handler(self, patterns: Vec<crate::Pattern>, handler: Box<dyn Handler>) -> Self {
        self.change(|state| {
            state.handlers = Some(ScopedHandlers::joined(state.handlers.as_ref(), patterns, handler));
        })
    }

    pub(crate) fn with_deterministic(self, deterministic: Arc<Deterministic>) -> Self {
        self.change(|state| state.deterministic = Some(deterministic))
    }

    pub(crate) fn with_state(self, change: impl FnOnce(&mut ContextState)) -> Self {
        self.change(change)
    }

    /// The agent's name.
    pub fn agent(&self) -> Option<&str> {
        self.state.as_ref()?.agent.as_deref()
    }

    /// The session's id.
    pub fn session_id(&self) -> Option<&str> {
        self.state.as_ref()?.session_id.as_deref()
    }

    /// The id of the session that delegated to this one.
    pub fn parent_session_id(&self) -> Option<&str> {
        self.state.as_ref()?.parent_session_id.as_deref()
    }

    /// The id of the agent process.
    pub fn run_id(&self) -> Option<&str> {
        self.state.as_ref()?.run_id.as_deref()
    }

    /// The id of the agent process around this one.
    pub fn parent_run_id(&self) -> Option<&str> {
        self.state.as_ref()?.parent_run_id.as_deref()
    }

    /// The number of the current iteration.
    pub fn iteration(&self) -> Option<u64> {
        self.state.as_ref()?.iteration
    }

    /// The id of the current tool call.
    pub fn tool_call_id(&self) -> Option<&str> {
        self.state.as_ref()?.tool_call_id.as_deref()
    }

    /// The secrets that code here may use.
    pub fn secrets(&self) -> Option<&Secrets> {
        self.state.as_ref()?.secrets.as_ref()
    }

    /// The current span.
    pub fn span(&self) -> Option<SpanIds> {
        self.span.as_ref().map(|node| node.ids)
    }

    /// A key of your own.
    pub fn get(&self, key: &str) -> Option<Value<'_>> {
        let keys = &self.state.as_ref()?.keys;
        keys.iter().find(|(known, _)| known == key).and_then(|(_, value)| value.value())
    }

    /// All keys of your own.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        let keys = self.state.iter().flat_map(|state| &state.keys);
        keys.filter_map(|(key, value)| Some((&**key, value.value()?)))
    }

    /// The span that new spans here are children of: the current one, else one of another process.
    pub(crate) fn parent(&self) -> Option<(TraceId, SpanId)> {
        let local = self.span.as_ref().map(|node| (node.ids.trace_id, node.ids.id));
        local.or_else(|| self.state.as_ref()?.remote)
    }

    /// Whether the span that new spans here are children of is kept, if anybody said.
    pub(crate) fn sampled(&self) -> Option<bool> {
        let local = self.span.as_ref().and_then(|node| node.sampled);
        local.or_else(|| self.state.as_ref()?.sampled)
    }

    /// Runs a function with this context as the current one.
    pub fn scope<R>(&self, run: impl FnOnce() -> R) -> R {
        let mut context = self.clone();
        let _entered = ContextGuard::enter(&mut context);
        run()
    }

    /// What an event shows of it.
    pub(crate) fn keys(&self, keys: &'static [ContextKey]) -> Option<(&ContextState, &'static [ContextKey])> {
        self.state.as_deref().map(|state| (state, keys))
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

/// A context that is current until this is dropped; the one before waits in its place. Never held
/// over an await.
pub(crate) struct ContextGuard<'c> {
    place: &'c mut Context,
    /// In a thread whose locals are gone nothing can be current.
    swapped: bool,
}

impl<'c> ContextGuard<'c> {
    #[inline]
    pub(crate) fn enter(place: &'c mut Context) -> Self {
        hooks::entered(place);
        let swapped = local::swap_context(place);
        Self { place, swapped }
    }
}

impl Drop for ContextGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.swapped && !local::swap_context(self.place) {
            *self.place = Context::NONE;
        }
        hooks::left(self.place);
    }
}

pin_project! {
    /// A future that runs in a context, entered for each poll. See [`InContext`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WithContext<F> {
        #[pin]
        future: Option<F>,
        context: Context,
    }

    impl<F> PinnedDrop for WithContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let context = std::mem::take(this.context);
            // What its destructors emit belongs to the context too.
            context.scope(|| this.future.set(None));
        }
    }
}

impl<F: Future> Future for WithContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = ContextGuard::enter(this.context);
        this.future.as_pin_mut().map_or(Poll::Pending, |future| future.poll(cx))
    }
}

impl<F: futures_core::Stream> futures_core::Stream for WithContext<F> {
    type Item = F::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<F::Item>> {
        let this = self.project();
        let _entered = ContextGuard::enter(this.context);
        this.future.as_pin_mut().map_or(Poll::Ready(None), |stream| stream.poll_next(cx))
    }
}

/// Carries a context along with a future or a stream, as into a spawned task.
///
/// ```
/// use telemetry_runtime::{Context, InContext};
///
/// # futures::executor::block_on(async {
/// let context = Context::new().with_session_id("s-1");
/// let session = async { Context::current().session_id().map(str::to_owned) };
/// assert_eq!(session.in_context(context).await.as_deref(), Some("s-1"));
/// # });
/// ```
pub trait InContext: Sized {
    /// Runs in that context.
    fn in_context(self, context: Context) -> WithContext<Self> {
        WithContext { future: Some(self), context }
    }

    /// Runs in the context that is current now: `tokio::spawn(work().in_current_context())`.
    fn in_current_context(self) -> WithContext<Self> {
        self.in_context(Context::current())
    }
}

impl<T> InContext for T {}

/// A function that runs in the context that is current now, wherever it is called: a thread, a
/// blocking task.
pub fn in_current_context<R>(run: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let context = Context::current();
    move || context.scope(run)
}
