//! The life of a span: it begins, runs its work, and ends once.

use std::any::Any;

use telemetry_catalogue::Phase;

use super::identity::identify;
use super::items::FINISH_REASON;
use super::opened_context::open_context;
use super::state::{Open, Span};
use super::stop::Stop;
use crate::clock::Moment;
use crate::context::{self, ActiveSpan, Context};
use crate::dispatch::{LazyFields, Receivers};
use crate::event::{End, Event, FieldSource, LayeredFields, Measurements, Metadata, Times};
use crate::panics::{self, Frames, Panicked};
use crate::session_secrets;
use crate::value::{CapturedValue, StopValue, Value};

/// A panic that was caught on its way.
pub(crate) type Caught = (Panicked, Box<dyn Any + Send>);

impl Span<'_> {
    /// Begins in the current context and emits its start.
    pub(super) fn begin(&mut self) {
        let mut context = Context::current();
        if let Some(request) = context.take_request() {
            self.answer(&request);
        }
        let started = context.now();
        let (mut place, observers) = identify(self, &context, started);
        context.leave_ended();
        place.depth = context.depth();
        let child_session = open_context(self, &mut context);
        let is_leaf = observers.is_none() && context.may_have_leaf();
        if !is_leaf {
            context.open_span(place, observers);
        }
        let place = Some(place);
        self.open = Some(Open { context, place, is_leaf, is_entered: false, started, child_session });
        if self.observed {
            self.emit(Phase::Start, Times::Start(started), FieldSource::NONE);
        }
        if self.site.is("tool_call") {
            self.access_secrets();
        }
    }

    /// Adds the keys of the request that a tool call answers. The annotation's own win.
    #[cold]
    fn answer(&mut self, request: &[(&'static str, Box<str>)]) {
        if !self.site.is("tool_call") {
            return;
        }
        for (key, value) in request {
            if !self.fields.iter().any(|field| field.0 == *key) {
                self.add(key, CapturedValue::Text(value.to_string().into()));
            }
        }
    }

    /// Holds the current context without starting a span.
    pub(super) fn carry_context(&mut self) {
        self.open = Some(Open {
            context: Context::current(),
            place: None,
            is_leaf: false,
            is_entered: false,
            started: Moment::NONE,
            child_session: None,
        });
    }

    /// Whether it has begun.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Runs a piece of the work: in the span's context, its panic caught.
    pub(super) fn within<R>(&mut self, work: impl FnOnce() -> R) -> Result<R, Caught> {
        self.enter();
        let result = panics::watch(work);
        self.leave();
        result
    }

    /// Makes its context the current one, to [`leave`](Self::leave).
    pub(super) fn enter(&mut self) {
        if let Some(open) = &mut self.open {
            open.enter();
        }
    }

    /// Makes the context current that was so before.
    pub(super) fn leave(&mut self) {
        if let Some(open) = &mut self.open {
            open.leave();
        }
    }

    /// Ends it with a stop, whose keys `fill` takes from the return value. It is called once.
    ///
    /// A panic in `fill` loses the keys after it and nothing else: the work has been done.
    pub(super) fn stop<'r>(&mut self, measured: Measured, fill: &mut dyn FnMut(&mut Stop<'r>)) {
        if !self.is_open() {
            return;
        }
        if !self.observed {
            return self.end(Phase::Stop, measured, FieldSource::NONE);
        }
        let mut stop = Stop::default();
        let _ = panics::contain(|| fill(&mut stop));
        self.add_known(&mut stop);
        if measured.needs_reason && self.is_model_call() && !stop.has(FINISH_REASON) && is_ok(&stop) {
            stop.fail(("the stream ended without a finish reason".to_owned(), "cut_short".to_owned()));
        }
        if self.site.is("sandbox_eval") && !stop.has("success") {
            let ok = is_ok(&stop);
            stop.set("success", CapturedValue::Bool(ok));
        }
        if stop.is_error() {
            self.explain_failure(&mut stop);
        }
        self.end(Phase::Stop, measured, FieldSource::Stop(stop.entries()));
    }

    /// What is known of the end before the work has ended: what was recorded, and the session of a sub-agent.
    fn add_known(&self, stop: &mut Stop<'_>) {
        let Some(open) = &self.open else { return };
        if let Some(node) = open.node().filter(|node| node.has_records()) {
            for (key, value) in node.take_records() {
                stop.set(key, value.into_stop());
            }
        }
        if let Some(session) = open.child_session.as_ref().and_then(|cell| cell.get())
            && !stop.has("session_id")
        {
            stop.set("session_id", CapturedValue::Text((**session).into()));
        }
    }

    /// A failure that is a value, by `stop(..)`, has the value's text as its error, and a kind.
    fn explain_failure(&self, stop: &mut Stop<'_>) {
        if !stop.has("error") {
            let told = ["result", "assistant_message", "output"].into_iter().find_map(|key| stop.get(key));
            if let Some(text) = told.map(|value| value.to_text()) {
                stop.set("error", CapturedValue::Text(text.into()));
            }
        }
        if !stop.has("error_type") {
            let kind = if self.site.is("tool_call") { "tool_error" } else { "error" };
            stop.set("error_type", CapturedValue::Text(kind.into()));
        }
    }

    /// Whether the span is a call of a model.
    fn is_model_call(&self) -> bool {
        self.site.is("llm_turn") || self.site.is("llm_request")
    }

    /// Ends it with an exception: the work panicked. `fill` gives the keys that are known by then.
    pub(super) fn panicked(
        &mut self,
        measured: Measured,
        panicked: Panicked,
        fill: &mut dyn FnMut(&mut Stop<'_>),
    ) {
        self.exception(measured, "panic", &panicked.message, &Frames(panicked.frames), fill);
    }

    /// Ends it with an exception: the work was dropped unfinished.
    pub(super) fn cancelled(&mut self, measured: Measured, fill: &mut dyn FnMut(&mut Stop<'_>)) {
        self.exception(measured, "cancelled", "cancelled", &Frames(None), fill);
    }

    /// Ends it with an exception that has no keys of the work: that panicked, or was dropped unfinished.
    pub(super) fn unfinished(&mut self, panicked: Option<Panicked>) {
        match panicked {
            None => self.cancelled(Measured::default(), &mut |_| {}),
            Some(panicked) => self.panicked(Measured::default(), panicked, &mut |_| {}),
        }
    }

    /// A model call that is cut short was billed: what is known of its stop is there too.
    fn exception(
        &mut self,
        measured: Measured,
        kind: &str,
        reason: &str,
        frames: &Frames,
        fill: &mut dyn FnMut(&mut Stop<'_>),
    ) {
        let mut keys = Stop::default();
        if self.observed {
            let _ = panics::contain(|| fill(&mut keys));
            self.add_known(&mut keys);
            keys.set_aside(&["kind", "reason", "stacktrace"]);
        }
        keys.set("kind", StopValue::Str(kind));
        keys.set("reason", StopValue::Str(reason));
        keys.set("stacktrace", StopValue::lazy(frames));
        self.end(Phase::Exception, measured, FieldSource::Stop(keys.entries()));
    }

    fn end(&mut self, phase: Phase, measured: Measured, given: FieldSource<'_>) {
        let Some(open) = &self.open else { return };
        if self.observed {
            let end = End {
                started: open.started,
                ended: open.context.now(),
                items: measured.items,
                first_item: measured.first_item,
                first_token: measured.first_token,
            };
            self.emit(phase, Times::End(&end), given);
        }
        let own = self.open.take().filter(|open| open.node().is_some());
        if let Some(node) = own.and_then(|open| open.context.span) {
            ActiveSpan::close(node);
        }
    }

    fn emit(&self, phase: Phase, times: Times<'_>, given: FieldSource<'_>) {
        let Some(open) = &self.open else { return };
        let context = &open.context;
        let site = self.site.event(phase);
        let receivers = Receivers::of(site, context.state.as_deref());
        let observers = match phase {
            Phase::Start => None,
            Phase::Stop | Phase::Exception => open.node().and_then(|node| node.observers.as_deref()),
        };
        if receivers.is_empty() && observers.is_none() {
            return;
        }
        let secrets = context.known_secrets();
        let layers = LayeredFields {
            is_documented: site.category.is_some(),
            context: context.keys(site.context),
            start: &self.fields,
            given,
        };
        let fields = LazyFields::metadata(layers, secrets.as_deref(), self.description);
        let event = Event {
            name: site.name,
            description: self.description,
            category: site.category,
            phase: Some(phase),
            measurements: Measurements { times, more: FieldSource::NONE },
            metadata: Metadata(fields.source()),
            span: open.place.map(|place| place.ids),
            depth: open.place.map_or(0, |place| place.depth),
        };
        receivers.hand_out(&event, context);
        if let Some(observers) = observers {
            context::tell(observers, |observer| observer.on_end(&event));
        }
    }

    /// A tool receives the session's secrets.
    fn access_secrets(&self) {
        let Some(Open { context, place: Some(place), .. }) = &self.open else { return };
        let tool = self.fields.iter().find(|field| field.0 == "tool").and_then(|field| field.1.value());
        session_secrets::emit_access(context, place.of_event(), tool.unwrap_or(Value::Null));
    }

    /// The context of the work.
    pub(super) fn context(&mut self) -> Context {
        self.open.as_mut().map_or(Context::NONE, Open::shared)
    }

    /// The time, by the clock of the span's context.
    pub(super) fn now(&self) -> Moment {
        self.open.as_ref().map_or_else(Moment::now, |open| open.context.now())
    }
}

/// What a stream counted on its way.
#[derive(Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) items: Option<u64>,
    pub(crate) first_item: Option<Moment>,
    pub(crate) first_token: Option<Moment>,
    /// Whether a model's answer that ends without a reason was cut short.
    pub(crate) needs_reason: bool,
}

fn is_ok(stop: &Stop<'_>) -> bool {
    stop.get("status").is_none_or(|status| status.as_str() == Some("ok"))
}
