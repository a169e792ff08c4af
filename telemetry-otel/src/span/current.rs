//! Which spans of ours are current on a thread, and what a new one opens in.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};
use opentelemetry::{Context as OtelContext, ContextGuard};
use telemetry_runtime::SpanStart;

use crate::span::rollup::Rollup;

/// Who a span is, to OpenTelemetry and to us alike.
pub(super) type Ids = (u128, u64);

thread_local! {
    /// The spans of ours that are current on this thread, innermost last.
    pub(super) static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
    /// Whether a bridge is at work on this thread: what an exporter or a sampler emits is not
    /// exported again.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// A span of ours that is current.
pub(super) struct Entered {
    pub(super) ids: Ids,
    pub(super) gathered: Option<Arc<Rollup>>,
    /// None where it was current already.
    pub(super) guard: Option<ContextGuard>,
}

/// The mark of a bridge at work; none where one is already.
pub(super) struct Busy;

impl Busy {
    pub(super) fn begin() -> Option<Self> {
        let before = BUSY.try_with(|busy| busy.replace(true)).unwrap_or(true);
        (!before).then_some(Self)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = BUSY.try_with(|busy| busy.set(false));
    }
}

pub(super) fn innermost<R>(read: impl FnOnce(&Entered) -> R) -> Option<R> {
    ENTERED.try_with(|entered| entered.try_borrow().ok()?.last().map(read)).ok().flatten()
}

pub(super) fn ids(context: &SpanContext) -> Ids {
    (u128::from_be_bytes(context.trace_id().to_bytes()), u64::from_be_bytes(context.span_id().to_bytes()))
}

/// The context that a span opens in: its span is the new one's parent.
///
/// What is current to OpenTelemetry wins where somebody else made it current, since that is then
/// inside whatever span of ours is current. Where it is a span of ours, our own context says whether
/// the new span belongs to it: a context without a span, entered on purpose, begins a trace.
pub(super) fn parent(start: &SpanStart<'_>, around: OtelContext) -> OtelContext {
    let current = around.span().span_context().clone();
    let ours = innermost(|entered| entered.ids);
    let is_foreign = current.is_valid() && ours != Some(ids(&current));
    let local = start.local_parent().map(|span| (span.trace_id.get(), span.id.get()));
    let identity = start.identity();
    let remote = identity.parent.filter(|_| local.is_none()).map(|(trace_id, id)| (trace_id.get(), id.get()));
    match remote {
        // Of a caller's trace, what is current is the part that is already here.
        _ if is_foreign && remote.is_none_or(|(trace_id, _)| trace_id == ids(&current).0) => around,
        Some((trace_id, id)) => {
            let sampled = identity.sampled.unwrap_or(true);
            let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
            let parent = SpanContext::new(trace_id.into(), id.into(), flags, true, TraceState::default());
            around.with_remote_span_context(parent)
        }
        None if local.is_some() && local == ours => around,
        // Samplers ask whether there is a span, and would take one that is invalid for a parent.
        None if around.has_active_span() => OtelContext::new(),
        None => around,
    }
}
