//! A span that has ensure_started and must end.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use telemetry_catalogue::Phase;

use super::node::ActiveSpan;
use super::start::Span;
use super::stop::Stop;
use crate::context::{Context, ContextGuard};
use crate::dispatch::{self, Receivers};
use crate::event::{Event, FieldSource, LayeredFields, Measurements, Metadata};
use crate::hooks::{self, Observers, SpanHook, SpanIdentity, SpanStart};
use crate::ids::{SpanId, SpanIds, TraceId};
use crate::panics::{self, Frames, Panicked};
use crate::value::{CapturedValue, Value};
use crate::{local, registry, sites};

/// What a span has from its beginning to its end. Whoever holds the span ends it: by a stop, a panic
/// or a cancellation.
pub(super) struct Open {
    /// The context of the work, whenever that does not run.
    context: Context,
    /// None where the span is only to carry a context, in which that of somebody else is current.
    ids: Option<SpanIds>,
    depth: u32,
    started: u64,
    child_session: Option<Arc<OnceLock<Arc<str>>>>,
}

/// A panic that was caught on its way.
pub(crate) type Caught = (Panicked, Box<dyn Any + Send>);

impl Span<'_> {
    /// Begins in the current context and emits its start.
    pub(super) fn begin(&mut self) {
        let mut context = Context::current();
        let started = context.now();
        let wall = context.wall(started);
        let (identity, observers) = identify(self, &context, wall);
        let ids = assign_ids(identity, &context);
        let child_session = open_context(self, &mut context);
        let node = ActiveSpan::open(ids, self.site, context.span.take(), observers, identity.sampled);
        let depth = node.depth;
        if let Some(secrets) = context.secrets()
            && depth == 0
        {
            node.add_secrets(secrets);
        }
        context.span = Some(node);
        self.open = Some(Open { context, ids: Some(ids), depth, started, child_session });
        if self.observed {
            let times = [("system_time", wall), ("monotonic_time", started)];
            self.emit(Phase::Start, &times, FieldSource::NONE);
        }
        if self.site.is("tool_call") {
            self.emit_access();
        }
    }

    /// Carries the current context and is no span to anybody.
    pub(super) fn carry_context(&mut self) {
        let context = Context::current();
        self.open = Some(Open { context, ids: None, depth: 0, started: 0, child_session: None });
    }

    /// Whether it has ensure_started.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Runs a piece of the work: in the span's context, its panic caught.
    pub(super) fn within<R>(&mut self, work: impl FnOnce() -> R) -> Result<R, Caught> {
        let Some(open) = &mut self.open else { return panics::watch(work) };
        let _entered = ContextGuard::enter(&mut open.context);
        panics::watch(work)
    }

    /// Ends it with a stop, whose keys `fill` takes from the return value.
    ///
    /// A panic in `fill` loses the keys after it and nothing else: the work has been done.
    pub(super) fn stop<'r>(&mut self, measured: Measured, fill: impl FnOnce(&mut Stop<'r>)) {
        let Some(open) = &self.open else { return };
        if !self.observed {
            return self.end(Phase::Stop, measured, FieldSource::NONE);
        }
        let mut stop = Stop::default();
        let _ = panics::contain(|| fill(&mut stop));
        if let Some(node) = open.context.span.as_ref().filter(|node| node.has_records()) {
            for (key, value) in node.take_records() {
                stop.set(key, value.into_stop());
            }
        }
        if let Some(session) = open.child_session.as_ref().and_then(|cell| cell.get())
            && !stop.has("session_id")
        {
            stop.set("session_id", CapturedValue::Text((**session).into()));
        }
        if measured.needs_reason && self.site.is("llm_turn") && !stop.has(FINISH_REASON) && is_ok(&stop) {
            stop.fail(("the stream ended without a finish reason".to_owned(), "cut_short".to_owned()));
        }
        if self.site.is("sandbox_eval") && !stop.has("success") {
            let ok = is_ok(&stop);
            stop.set("success", CapturedValue::Bool(ok));
        }
        self.end(Phase::Stop, measured, FieldSource::Stop(stop.entries()));
    }

    /// Ends it with an exception: the work panicked.
    pub(super) fn panicked(&mut self, measured: Measured, panicked: Panicked) {
        self.exception(measured, "panic", &panicked.message, &Frames(panicked.frames));
    }

    /// Ends it with an exception: the work was dropped unfinished.
    pub(super) fn cancelled(&mut self, measured: Measured) {
        self.exception(measured, "cancelled", "cancelled", &Frames(None));
    }

    fn exception(&mut self, measured: Measured, kind: &str, reason: &str, frames: &Frames) {
        let given = [
            ("kind", Value::Str(kind)),
            ("reason", Value::Str(reason)),
            ("stacktrace", Value::serialize(frames)),
        ];
        self.end(Phase::Exception, measured, FieldSource::Values(&given));
    }

    fn end(&mut self, phase: Phase, measured: Measured, given: FieldSource<'_>) {
        let Some(open) = &self.open else { return };
        if self.observed {
            let now = open.context.now();
            let since = |time: u64| time.saturating_sub(open.started);
            let numbers = [
                ("duration", since(now)),
                ("monotonic_time", now),
                ("items", measured.items.unwrap_or(0)),
                ("time_to_first_item", measured.first_item.map_or(0, since)),
            ];
            let known = match measured {
                Measured { items: None, .. } => 2,
                Measured { first_item: None, .. } => 3,
                Measured { .. } => 4,
            };
            self.emit(phase, &numbers[..known], given);
        }
        let own = self.open.take().filter(|open| open.ids.is_some());
        if let Some(node) = own.and_then(|open| open.context.span) {
            ActiveSpan::close(node);
        }
    }

    fn emit(&self, phase: Phase, known: &[(&'static str, u64)], given: FieldSource<'_>) {
        let Some(Open { context, ids, depth, .. }) = &self.open else { return };
        let site = self.site.event(phase);
        let receivers = Receivers::of(site, context.state.as_deref());
        let observers = context.span.as_ref().and_then(|node| node.observers.as_deref());
        let observers = observers.filter(|_| phase != Phase::Start);
        if receivers.is_empty() && observers.is_none() {
            return;
        }
        let event = Event {
            name: site.name,
            description: self.description,
            category: site.category,
            measurements: Measurements { known, more: FieldSource::NONE },
            metadata: Metadata(LayeredFields {
                context: context.keys(site.context),
                start: &self.fields,
                given,
            }),
            span: *ids,
            depth: *depth,
        };
        match observers {
            None => receivers.deliver(&event, context, None),
            Some(observers) => receivers.deliver(
                &event,
                context,
                Some(&|event| hooks::tell(observers, |observer| observer.on_end(event))),
            ),
        }
    }

    /// A tool receives the session's secrets.
    fn emit_access(&self) {
        let Some(Open { context, .. }) = &self.open else { return };
        let Some(secrets) = context.secrets().filter(|secrets| !secrets.is_empty()) else { return };
        let site = &sites::secrets_access;
        if !site.enabled() {
            return;
        }
        let names = secrets.names();
        let tool = self.fields.iter().find(|field| field.0 == "tool");
        let tool = tool.and_then(|field| field.1.value()).unwrap_or(Value::Null);
        dispatch::emit_in(
            context,
            site,
            &[("count", Value::from(names.len()))],
            &[("tool", tool), ("names", Value::serialize(&names))],
        );
    }

    /// The monotonic time, as the span's context has it.
    pub(super) fn now(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.context.now())
    }
}

/// What a stream counted on its way.
#[derive(Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) items: Option<u64>,
    pub(crate) first_item: Option<u64>,
    /// Whether a model's answer that ends without a reason was cut short.
    pub(crate) needs_reason: bool,
}

/// The key that says why a model finished. A connection that broke gives none.
pub(super) const FINISH_REASON: &str = "finish_reason";

fn is_ok(stop: &Stop<'_>) -> bool {
    stop.get("status").is_none_or(|status| status.as_str() == Some("ok"))
}

/// Who the span is, as the context and the hooks say, and what follows it.
fn identify(span: &Span<'_>, context: &Context, system_time: u64) -> (SpanIdentity, Observers) {
    let identity =
        SpanIdentity { parent: context.parent(), sampled: context.sampled(), ..SpanIdentity::default() };
    match registry::hooks() {
        Some(hooks) if span.observed => follow(span, context, system_time, identity, &hooks),
        _ => (identity, None),
    }
}

/// What the hooks say.
#[cold]
fn follow(
    span: &Span<'_>,
    context: &Context,
    system_time: u64,
    mut identity: SpanIdentity,
    hooks: &[Arc<dyn SpanHook>],
) -> (SpanIdentity, Observers) {
    let mut observers = Vec::new();
    let text = |key: &str| {
        let field = span.fields.iter().find(|field| field.0 == key)?;
        field.1.value()?.as_str().map(str::to_owned)
    };
    for hook in hooks {
        let start = SpanStart {
            site: span.site,
            agent: span.agent.as_deref(),
            text: &text,
            context,
            identity,
            system_time,
        };
        if let Ok(said) = panics::contain(|| hook.on_start(&start)) {
            identity = identity.or_as(said.identity);
            observers.extend(said.observer);
        }
    }
    (identity, (!observers.is_empty()).then(|| observers.into()))
}

/// Makes up what nobody said.
fn assign_ids(identity: SpanIdentity, context: &Context) -> SpanIds {
    let deterministic = context.state.as_ref().and_then(|state| state.deterministic.as_deref());
    let random = || deterministic.map_or_else(local::random, |known| known.random());
    let id = identity
        .id
        .unwrap_or_else(|| std::iter::repeat_with(random).find_map(SpanId::new).expect("some is not zero"));
    let trace_id = identity.trace_id.or(identity.parent.map(|(trace, _)| trace)).unwrap_or_else(|| {
        let wide = || u128::from(random()) << 64 | u128::from(random());
        std::iter::repeat_with(wide).find_map(TraceId::new).expect("some is not zero")
    });
    SpanIds { id, parent_id: identity.parent.map(|(_, id)| id), trace_id }
}

/// Changes the context as the documents say of that kind of span. Returns where the session of a
/// sub-agent will be told.
fn open_context(span: &Span<'_>, context: &mut Context) -> Option<Arc<OnceLock<Arc<str>>>> {
    let attribute = span.site.spec.map(|spec| spec.short_name);
    let has_call_id = span.tool_call_id.is_some() || context.tool_call_id().is_some();
    let opens = span.site.opens_context() && (attribute != Some("tool_call") || has_call_id);
    if !opens && span.agent.is_none() {
        return None;
    }
    let mut child_session = None;
    *context = std::mem::take(context).with_state(|state| {
        if let Some(agent) = &span.agent {
            state.agent = Some(agent.clone());
        }
        match attribute {
            Some("agent" | "operation" | "run") => state.open_session(),
            Some("subagent") => {
                let cell = Arc::new(OnceLock::new());
                // One that delegates at once to another leaves the session around both the parent.
                let session = state.session_id.take();
                state.parent_session_id = session.or(state.parent_session_id.take());
                state.child_session = Some(cell.clone());
                // The call that led here is the caller's.
                state.tool_call_id = None;
                child_session = Some(cell);
            }
            Some("iteration") => {
                let given = span.fields.iter().find(|field| field.0 == "iteration");
                state.iteration = given.and_then(|field| field.1.value()?.as_u64());
            }
            Some("tool_call") => {
                // The id of a call is its own: a tool that runs inside of it has none unless one is given.
                let is_inside = std::mem::replace(&mut state.is_called, true);
                if is_inside || span.tool_call_id.is_some() {
                    state.tool_call_id.clone_from(&span.tool_call_id);
                }
            }
            _ => {}
        }
    });
    child_session
}
