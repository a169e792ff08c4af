//! Following execution from outside: for bridges to other tracing systems.

use crate::callsite::SpanSite;
use crate::context::Context;
use crate::ids::{SpanId, SpanIds, TraceId};

/// Follows every observed span as it is opened, entered, left and closed.
///
/// Handlers see events; a hook sees execution, which a bridge needs so that its own spans are
/// current while the work runs, on whichever thread that is. For one span the calls are: `opening`;
/// then any number of `entered` and `left`, in pairs, each pair on one thread (once for a function,
/// once for each poll of a future or stream); `closed`. The `start` event comes after `opening`, its
/// end before `closed`.
///
/// A hook that panics is ignored for that call.
pub trait SpanHook: Send + Sync + 'static {
    /// A span is about to open. What is returned overrides its parent or its ids.
    fn opening(&self, opening: &Opening<'_>) -> Identity {
        let _ = opening;
        Identity::default()
    }

    /// The span's work runs on this thread from now on.
    fn entered(&self, span: SpanIds) {
        let _ = span;
    }

    /// The span's work pauses or has ended.
    fn left(&self, span: SpanIds) {
        let _ = span;
    }

    /// The span has ended, and its last event was emitted.
    fn closed(&self, span: SpanIds) {
        let _ = span;
    }
}

/// A span that is about to open.
pub struct Opening<'a> {
    pub(crate) site: &'static SpanSite,
    pub(crate) context: &'a Context,
    pub(crate) identity: Identity,
    pub(crate) system_time: u64,
}

impl Opening<'_> {
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
    pub fn identity(&self) -> Identity {
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
}

/// Who a span is. What is none is decided by others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The span around it.
    pub parent: Option<(TraceId, SpanId)>,
    /// Its trace.
    pub trace_id: Option<TraceId>,
    /// Its own id.
    pub id: Option<SpanId>,
}
