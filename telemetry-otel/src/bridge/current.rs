//! Which spans of ours are current on a thread, and what a new one starts in.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};
use opentelemetry::{Context as OtelContext, ContextGuard};
use telemetry_runtime::SpanStart;

use crate::span::rollup::Rollup;

/// Who a span is, to OpenTelemetry and to us alike.
pub(super) type Ids = (u128, u64);

thread_local! {
    /// The spans of ours that are current on this thread, innermost last. Each bridge has its own.
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
    /// Whether a bridge is at work on this thread: what an exporter or a sampler emits is not
    /// exported again.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// A span of ours that is current.
pub(super) struct Entered {
    /// Which bridge's it is.
    pub(super) bridge: usize,
    pub(super) ids: Ids,
    /// The same span's ids in the bridge before.
    pub(super) alias: Option<Ids>,
    pub(super) rollup: Option<Arc<Rollup>>,
    pub(super) otel: Option<OtelContext>,
    /// `None` where it was current already.
    pub(super) guard: Option<ContextGuard>,
}

/// The mark of a bridge at work; `None` where one is already.
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

/// The span around a new one, in one bridge.
pub(super) struct Enclosing {
    ids: Ids,
    pub(super) rollup: Option<Arc<Rollup>>,
    otel: Option<OtelContext>,
}

fn with_entered<R>(read: impl FnOnce(&[Entered]) -> Option<R>) -> Option<R> {
    ENTERED.try_with(|entered| read(&entered.try_borrow().ok()?)).ok().flatten()
}

/// Enters a span, and makes it current unless it is already.
pub(super) fn enter(mut entered: Entered) {
    let innermost =
        |all: &[Entered]| all.iter().rfind(|known| known.bridge == entered.bridge).map(|known| known.ids);
    // A context entered once more inside its own span hides nothing that others made current.
    if with_entered(innermost) != Some(entered.ids) {
        entered.guard = entered.otel.clone().map(OtelContext::attach);
    }
    let _ = ENTERED.try_with(|stack| stack.borrow_mut().push(entered));
}

/// Leaves a span of a bridge.
pub(super) fn exit(bridge: usize, ids: Ids) {
    // Dropped after the borrow: what is detached may run code of others.
    let left = ENTERED.try_with(|stack| {
        let mut stack = stack.borrow_mut();
        let place = stack.iter().rposition(|entered| (entered.bridge, entered.ids) == (bridge, ids))?;
        Some(stack.remove(place))
    });
    drop(left);
}

/// Hands something to a provider that may export it at once.
///
/// The SDK's simple processors block on a future with the executor of `futures`, which panics inside that
/// executor: there, the work is done on another thread.
pub(super) fn hand_over(work: impl FnOnce() + Send) {
    if let Ok(entered) = futures_executor::enter() {
        drop(entered);
        return work();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("telemetry-export".to_owned());
        let started = thread.spawn_scoped(scope, || {
            // What the exporter does is not exported.
            let _busy = Busy::begin();
            work();
        });
        if let Ok(handle) = started {
            let _ = handle.join();
        }
    });
}

/// The span of a bridge that encloses a new one, by our own context.
///
/// The ids of our context are those of the bridge that assigned them last; each bridge knows those of
/// the one before it.
pub(super) fn enclosing(bridge: usize, start: &SpanStart<'_>) -> Option<Enclosing> {
    let local = start.local_parent().map(|span| (span.trace_id.get(), span.id.get()))?;
    with_entered(|all| {
        let mut wanted = Some(local);
        let mut found = None;
        // As many steps as there are bridges, and no circle.
        for _ in 0..16 {
            let Some(known) = wanted.and_then(|ids| all.iter().rfind(|entered| entered.ids == ids)) else {
                break;
            };
            if known.bridge == bridge {
                found = Some(known);
                break;
            }
            wanted = known.alias;
        }
        // A bridge without traces assigns no ids.
        let without_ids = |entered: &&Entered| entered.bridge == bridge && entered.otel.is_none();
        let found = found.or_else(|| all.iter().rfind(without_ids))?;
        Some(Enclosing { ids: found.ids, rollup: found.rollup.clone(), otel: found.otel.clone() })
    })
}

pub(super) fn ids(context: &SpanContext) -> Ids {
    (u128::from_be_bytes(context.trace_id().to_bytes()), u64::from_be_bytes(context.span_id().to_bytes()))
}

/// The context that a span starts in: its span is the new one's parent.
///
/// OpenTelemetry's current span is the parent if it is not ours, since it then lies inside our
/// current span. If it is ours, our own context decides: a context without a span, entered on
/// purpose, begins a trace.
pub(super) fn parent(
    start: &SpanStart<'_>,
    around: OtelContext,
    outer: Option<Enclosing>,
    foreign: Option<&ForeignSpans>,
) -> OtelContext {
    let current = ids(around.span().span_context());
    let is_valid = around.span().span_context().is_valid();
    let is_ours = |all: &[Entered]| all.iter().any(|entered| entered.ids == current).then_some(());
    let is_foreign = is_valid && with_entered(is_ours).is_none();
    let identity = start.identity();
    let has_local = start.local_parent().is_some();
    let remote = identity.parent.filter(|_| !has_local).map(|(trace_id, id)| (trace_id.get(), id.get()));
    // Of a caller's trace, what is current is the part that is already here.
    if is_foreign && remote.is_none_or(|(trace_id, _)| trace_id == current.0) {
        if let Some(foreign) = foreign {
            foreign.check(current.1);
        }
        return around;
    }
    if let Some((trace_id, id)) = remote {
        let sampled = identity.sampled.unwrap_or(true);
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let state = start.context().trace_state().and_then(|state| TraceState::from_str(state).ok());
        let parent = SpanContext::new(trace_id.into(), id.into(), flags, true, state.unwrap_or_default());
        return around.with_remote_span_context(parent);
    }
    match outer {
        Some(outer) if outer.ids == current => around,
        // The span that is current is another bridge's.
        Some(Enclosing { otel: Some(otel), .. }) => otel,
        // Samplers ask whether there is a span, and would take one that is invalid for a parent.
        _ if around.has_active_span() => OtelContext::new(),
        _ => around,
    }
}

/// The open spans that others start with the provider that this crate made. A current span that is not
/// among them is of another provider: its trace goes elsewhere.
#[derive(Debug, Default)]
pub(crate) struct ForeignSpans {
    open: Mutex<HashSet<u64>>,
    warned: AtomicBool,
}

impl ForeignSpans {
    /// Notes a span that the provider starts.
    #[cfg(feature = "otlp")]
    pub(crate) fn started(&self, id: u64) {
        if !BUSY.try_with(Cell::get).unwrap_or(true) {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
    }

    /// Notes a span that ends.
    #[cfg(feature = "otlp")]
    pub(crate) fn ended(&self, id: u64) {
        if !BUSY.try_with(Cell::get).unwrap_or(true) {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
    }

    /// Warns, once, where a span of another provider is the parent of ours.
    fn check(&self, id: u64) {
        if !self.warned.load(Ordering::Relaxed)
            && !self.open.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                target: "telemetry",
                "a span is exported by `install()` while the span around it belongs to another tracer provider: \
                 the trace is split between two exporters; give the bridge that provider, as by \
                 `builder().tracer_provider(&opentelemetry::global::tracer_provider())`"
            );
        }
    }
}
