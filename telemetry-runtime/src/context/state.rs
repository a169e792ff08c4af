//! What a context holds beside the current span.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::clock::Deterministic;
use crate::event::ContextKeys;
use crate::ids::{SpanId, TraceId, new_uuid};
use crate::registry::ScopedHandlers;
use crate::secrets::{Secrets, TraceSecrets};

/// The keys that the span which answers a request has of it.
pub(crate) type RequestKeys = Arc<[(&'static str, Box<str>)]>;

/// The part of a context that few spans change.
#[derive(Clone, Default)]
pub(crate) struct ContextState {
    /// What events show of it.
    pub(crate) keys: ContextKeys,
    /// Whether the tool-call id is that of a call which is open.
    pub(crate) is_called: bool,
    /// Where a session that opens below leaves its id for the delegation above.
    pub(crate) child_session: Option<Arc<OnceLock<Arc<str>>>>,
    /// How many turns the agent around took so far.
    pub(crate) turns: Option<Arc<AtomicU64>>,
    /// The span of another process that this one continues.
    pub(crate) remote: Option<(TraceId, SpanId)>,
    /// The W3C `tracestate` of that span's trace.
    pub(crate) trace_state: Option<Arc<str>>,
    pub(crate) sampled: Option<bool>,
    /// Keys of the request that the next span answers, if that is a tool call. What is inside of it does not get them.
    pub(crate) request: Option<RequestKeys>,
    /// The secrets of its trace that are known here: several spans of ours may be its children.
    pub(crate) caller_secrets: Option<Arc<TraceSecrets>>,
    pub(crate) secrets: Option<Secrets>,
    pub(crate) handlers: Option<Arc<ScopedHandlers>>,
    /// A clock and ids for tests.
    pub(crate) deterministic: Option<Arc<Deterministic>>,
}

impl ContextState {
    /// The number of the next turn within the agent around, from 0.
    pub(crate) fn next_turn(&self) -> u64 {
        self.turns.as_ref().map_or(0, |turns| turns.fetch_add(1, Ordering::Relaxed))
    }

    /// Opens a session if the context has none, and leaves its id for the delegation above.
    pub(crate) fn open_session(&mut self) {
        let session = self.keys.session_id.get_or_insert_with(|| new_uuid(self.deterministic.as_deref()));
        if let Some(cell) = self.child_session.take() {
            let _ = cell.set(session.clone());
        }
    }
}
