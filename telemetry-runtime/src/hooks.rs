//! Following execution from outside: for bridges to other tracing systems.

use std::borrow::Cow;
use std::sync::Arc;

use crate::callsite::SpanSite;
use crate::context::Context;
use crate::event::Event;
use crate::ids::{SpanId, SpanIds, TraceId};
use crate::panics;
use crate::secrets::Secrets;

/// Follows every observed span as it is opened, entered, left and ended, and every single event.
///
/// Handlers see events; a hook sees execution, which a bridge needs so that its own spans are
/// current while the work runs, on whichever thread that is. It is asked about each span that
/// opens, and may say who that is and give a [`SpanObserver`] for it.
///
/// A hook that panics is ignored for that call.
pub trait SpanHook: Send + Sync + 'static {
    /// A span is about to open, in the thread where its work will first run.
    fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
        let _ = start;
        StartedSpan::default()
    }

    /// A single event was emitted, and all handlers have seen it. The events of spans do not come
    /// here.
    fn on_event(&self, event: &Event<'_>) {
        let _ = event;
    }
}

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

/// What a hook says of a span that opens.
#[derive(Default)]
pub struct StartedSpan {
    /// What overrides its parent, its ids, and whether it is sampled.
    pub identity: SpanIdentity,
    /// What follows it.
    pub observer: Option<Arc<dyn SpanObserver>>,
}

/// What follows one span: nearly always nothing.
pub(crate) type Observers = Option<Arc<[Arc<dyn SpanObserver>]>>;

/// A span that is about to open.
pub struct SpanStart<'a> {
    pub(crate) site: &'static SpanSite,
    pub(crate) agent: Option<&'a str>,
    /// The text of a key given at its start.
    pub(crate) text: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) context: &'a Context,
    pub(crate) identity: SpanIdentity,
    pub(crate) system_time: u64,
}

impl SpanStart<'_> {
    /// What its event names begin with: `condukt.llm_turn`.
    pub fn prefix(&self) -> &'static str {
        self.site.prefix
    }

    /// The context it opens in.
    pub fn context(&self) -> &Context {
        self.context
    }

    /// What it would be, as decided so far: the parent is the current span, or that of another
    /// process.
    pub fn identity(&self) -> SpanIdentity {
        self.identity
    }

    /// The parent, if it is a span of this process.
    pub fn local_parent(&self) -> Option<SpanIds> {
        self.context.span()
    }

    /// When it opens, in nanoseconds since the Unix epoch.
    pub fn system_time(&self) -> u64 {
        self.system_time
    }

    /// The agent's name, with no secret in it: its own, else that of the context.
    pub fn agent(&self) -> Option<Cow<'_, str>> {
        let agent = self.agent.or(self.context.agent())?;
        Some(Secrets::hide_text(self.context, agent))
    }

    /// The text of a key given at its start, with no secret in it.
    pub fn text(&self, key: &str) -> Option<String> {
        Some(Secrets::hide_text(self.context, (self.text)(key)?).into_owned())
    }
}

/// Who a span is. What is none is decided by others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanIdentity {
    /// The span around it.
    pub parent: Option<(TraceId, SpanId)>,
    /// Its trace.
    pub trace_id: Option<TraceId>,
    /// Its own id.
    pub id: Option<SpanId>,
    /// Whether it will be kept where it is exported to; other processes are told.
    pub sampled: Option<bool>,
}

impl SpanIdentity {
    /// This, overridden by what another says.
    pub(crate) fn or_as(self, said: Self) -> Self {
        Self {
            parent: said.parent.or(self.parent),
            trace_id: said.trace_id.or(self.trace_id),
            id: said.id.or(self.id),
            sampled: said.sampled.or(self.sampled),
        }
    }
}

/// Tells what follows the context's span that it is current.
#[inline]
pub(crate) fn entered(context: &Context) {
    if let Some(observers) = context.span.as_ref().and_then(|span| span.observers.as_ref()) {
        tell(observers, |observer| observer.on_enter());
    }
}

/// Tells what follows the context's span that it is no longer current.
#[inline]
pub(crate) fn left(context: &Context) {
    if let Some(observers) = context.span.as_ref().and_then(|span| span.observers.as_ref()) {
        tell(observers, |observer| observer.on_exit());
    }
}

pub(crate) fn tell(observers: &[Arc<dyn SpanObserver>], say: impl Fn(&dyn SpanObserver)) {
    for observer in observers {
        let _ = panics::contain(|| say(&**observer));
    }
}
