//! The bridge: a span hook that opens, enters and ends OpenTelemetry spans with ours.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context as OtelContext, KeyValue};
use telemetry_llm::Provider;
use telemetry_runtime::{
    Event, SpanHook, SpanId, SpanIdentity, SpanObserver, SpanStart, StartedSpan, TraceId,
};

use crate::bridge::current::{self, Busy, Entered, ForeignSpans, Ids, enclosing, ids, parent};
use crate::config::options::{Options, short};
use crate::convert::attribute_value::MAX_TEXT;
use crate::convert::truncate;
use crate::logs::{self, LogSink, Record};
use crate::mapping::names::{self, openinference as oi};
use crate::mapping::operations;
use crate::mapping::table::{self as mapping, SpanMapping, SpanName};
use crate::metrics::Instruments;
use crate::span::attributes::SpanAttributes;
use crate::span::mapper::AttributeMapper;
use crate::span::outcome::{Outcome, is_identifier};
use crate::span::rollup::{Place, Rollup};

/// The single event that is shown on the span it judges.
const EVALUATION: &str = "telemetry.evaluation.result";

/// A tracer of any provider's: it starts a span within a context and returns the context with it.
pub(crate) trait SpanSource: Send + Sync {
    fn start(&self, span: SpanBuilder, within: &OtelContext) -> OtelContext;
}

impl<T> SpanSource for T
where
    T: Tracer + Send + Sync,
    T::Span: Send + Sync + 'static,
{
    fn start(&self, span: SpanBuilder, within: &OtelContext) -> OtelContext {
        within.with_span(self.build_with_context(span, within))
    }
}

/// Where the three signals go.
#[derive(Clone)]
pub(crate) struct Bridge(Arc<Inner>);

pub(super) struct Inner {
    pub(super) spans: Option<Box<dyn SpanSource>>,
    instruments: Option<Instruments>,
    logs: Option<Box<dyn LogSink>>,
    options: Options,
    /// Of a provider that this crate made: the spans that others start with it.
    foreign: Option<Arc<ForeignSpans>>,
    /// Whether any span was seen.
    seen: AtomicBool,
}

impl Bridge {
    pub(crate) fn new(
        spans: Option<Box<dyn SpanSource>>,
        instruments: Option<Instruments>,
        logs: Option<Box<dyn LogSink>>,
        options: Options,
        foreign: Option<Arc<ForeignSpans>>,
    ) -> Self {
        Self(Arc::new(Inner { spans, instruments, logs, options, foreign, seen: AtomicBool::new(false) }))
    }

    /// Whether any span was seen.
    pub(crate) fn has_seen_spans(&self) -> bool {
        self.0.seen.load(Ordering::Relaxed)
    }
}

impl SpanHook for Bridge {
    fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
        let Some(_busy) = Busy::begin() else { return StartedSpan::default() };
        let around = OtelContext::current();
        if around.is_telemetry_suppressed() {
            return StartedSpan::default();
        }
        self.0.seen.store(true, Ordering::Relaxed);
        let outer = enclosing(self.0.serial(), start);
        let rollup = outer.as_ref().and_then(|outer| outer.rollup.clone());
        let text = |key: &str| start.text(key);
        let opening = Opening {
            prefix: start.prefix(),
            started: UNIX_EPOCH + Duration::from_nanos(start.system_time()),
            conversation: start.context().session_id().or(start.context().run_id()),
            agent: start.agent(),
            text: &text,
        };
        let mut followed = self.follow(&opening, rollup, true);
        followed.alias =
            start.identity().trace_id.zip(start.identity().id).map(|(trace, id)| (trace.get(), id.get()));
        let identity = match &self.0.spans {
            None => SpanIdentity::default(),
            Some(source) => {
                let within = parent(start, around, outer, self.0.foreign.as_deref());
                self.0.start(&**source, &opening, &within, &mut followed)
            }
        };
        StartedSpan::default().with_identity(identity).with_observer(followed)
    }

    fn on_event(&self, event: &Event<'_>) {
        let Some(_busy) = Busy::begin() else { return };
        if OtelContext::map_current(OtelContext::is_telemetry_suppressed) {
            return;
        }
        if let Some(instruments) = &self.0.instruments {
            instruments.event(event);
        }
        self.0.single(event);
    }
}

impl Bridge {
    /// A span that is about to start, followed. One that is `live` is measured too.
    pub(super) fn follow(
        &self,
        opening: &Opening<'_>,
        rollup: Option<Arc<Rollup>>,
        live: bool,
    ) -> FollowedSpan {
        let row = mapping::row(opening.prefix);
        FollowedSpan {
            bridge: self.0.clone(),
            live,
            prefix: opening.prefix,
            row,
            started: opening.started,
            ids: (0, 0),
            alias: None,
            recording: false,
            otel: None,
            set: Vec::new(),
            place: Place::new(row.map(|(_, row)| row), rollup, opening.conversation),
            operation: (opening.text)(names::OPERATION),
            kind: Cow::Borrowed("CHAIN"),
        }
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }
}

/// A span that is about to start, now or in a recording.
pub(super) struct Opening<'a> {
    pub(super) prefix: &'static str,
    pub(super) started: SystemTime,
    pub(super) conversation: Option<&'a str>,
    pub(super) agent: Option<Cow<'a, str>>,
    /// The text of a key given at its start.
    pub(super) text: &'a dyn Fn(&str) -> Option<String>,
}

impl Inner {
    /// A single event.
    pub(super) fn single(&self, event: &Event<'_>) {
        let on_span = self.has_events_on_spans() && event.name() == EVALUATION;
        if self.logs.is_none() && !on_span {
            return;
        }
        let mut record = logs::single(event, &self.options);
        if let Some(span) = event.span() {
            let (trace_id, span_id) = (span.trace_id.get(), span.id.get());
            OtelContext::map_current(|current| {
                let current = current.span();
                let context = current.span_context();
                // Within the span's own trace, what is current knows whether that is sampled.
                let flags = (context.trace_id() == trace_id.into()).then(|| context.trace_flags());
                record.span = Some((trace_id.into(), span_id.into(), flags));
                if on_span && ids(context) == (trace_id, span_id) {
                    current.add_event_with_timestamp(
                        record.name.clone(),
                        record.timestamp,
                        record.attributes.iter().filter_map(logs::on_span).collect(),
                    );
                }
            });
        }
        if let Some(sink) = &self.logs {
            self.options.record_limits.apply_to_record(&mut record.attributes);
            current::hand_over(|| sink.emit(record));
        }
    }

    /// Whether failures and evaluations are events of their spans: as it was asked for, else where no log record says them.
    fn has_events_on_spans(&self) -> bool {
        self.options.exception_events.unwrap_or(self.logs.is_none())
    }

    /// Which bridge it is, among those of the process.
    fn serial(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Starts the span and returns its ids.
    pub(super) fn start(
        &self,
        source: &dyn SpanSource,
        opening: &Opening<'_>,
        within: &OtelContext,
        followed: &mut FollowedSpan,
    ) -> SpanIdentity {
        let outer = within.span().span_context().clone();
        let builder = self.builder(opening, followed);
        let shown = self.options.start_spans.then(|| builder.name.clone());
        let otel = source.start(builder, within);
        if let Some(name) = shown.filter(|_| followed.live && otel.span().is_recording()) {
            self.show_start(source, &otel, &name, opening);
        }
        let span = otel.span();
        let context = span.span_context();
        let (trace_id, id) = ids(context);
        let identity = match (TraceId::new(trace_id), SpanId::new(id)) {
            (Some(trace_id), Some(id)) => {
                let mut identity = SpanIdentity::default().with_trace_id(trace_id).with_id(id);
                identity.sampled = Some(context.is_sampled());
                identity.parent = outer
                    .is_valid()
                    .then(|| ids(&outer))
                    .and_then(|(trace_id, id)| Some((TraceId::new(trace_id)?, SpanId::new(id)?)));
                identity
            }
            // A provider that is shut down, or one that does nothing.
            _ => return SpanIdentity::default(),
        };
        followed.ids = (trace_id, id);
        followed.recording = span.is_recording();
        followed.otel = Some(otel);
        identity
    }

    /// Shows that a span has begun: a span inside of it, without a length, which is exported at once.
    fn show_start(&self, source: &dyn SpanSource, within: &OtelContext, name: &str, opening: &Opening<'_>) {
        let mut attributes = vec![KeyValue::new(names::STARTED, true)];
        let agent = opening.agent.as_ref().map(|agent| self.options.agent_name(agent));
        let conversation = opening.conversation.map(str::to_owned);
        for (key, value) in [(names::AGENT_NAME, agent), (names::CONVERSATION, conversation)] {
            attributes.extend(value.map(|value| KeyValue::new(key, truncate::text(&value, MAX_TEXT))));
        }
        if self.options.openinference {
            attributes.push(KeyValue::new(oi::KIND, "CHAIN"));
        }
        let shown = SpanBuilder::from_name(format!("{name} started"))
            .with_start_time(opening.started)
            .with_attributes(attributes);
        let shown = source.start(shown, within);
        let began = opening.started;
        current::hand_over(|| shown.span().end_with_timestamp(began));
    }

    /// The span with what a sampler may look at.
    fn builder(&self, start: &Opening<'_>, followed: &mut FollowedSpan) -> SpanBuilder {
        let mut attributes = Vec::with_capacity(16);
        let limits = self.options.limits;
        let already = &mut followed.set;
        let mut set = |key: &'static str, value: opentelemetry::Value| {
            already.push(key);
            attributes.push(KeyValue::new(key, limits.shortened(value)));
        };
        let openinference = self.options.openinference;
        let row = followed.row.map(|(_, row)| row);
        let agent =
            start.agent.as_ref().map(|agent| truncate::text(&self.options.agent_name(agent), MAX_TEXT));
        let mut asked = None;
        if let Some(operation) = &followed.operation {
            set(names::OPERATION, operation.clone().into());
        }
        if let Some(row) = row {
            if let Some(operation) = row.operation.filter(|_| followed.operation.is_none()) {
                set(names::OPERATION, operation.into());
            }
            for (key, value) in row.constants(self.options.convention) {
                set(key, value.into());
            }
            if row.is_inference() {
                let model = (start.text)("model").unwrap_or_default();
                let field = (start.text)("provider").and_then(|name| Provider::named(&name));
                let named = field.or_else(|| Provider::of(&model));
                let (_, model) = telemetry_llm::split_model(&model);
                if let Some(provider) = named {
                    set(names::PROVIDER, provider.into_name().into());
                }
                if !model.is_empty() {
                    asked = Some(truncate::text(model, MAX_TEXT));
                    set(names::REQUEST_MODEL, truncate::text(model, MAX_TEXT).into());
                }
            }
        }
        let own_kind = (start.text)(oi::KIND).filter(|kind| !kind.is_empty());
        followed.kind = match (own_kind, &followed.operation, row) {
            (Some(kind), ..) => kind.into(),
            (None, Some(operation), _) => operations::kind(operation).into(),
            (None, None, row) => row.map_or("CHAIN", |row| row.kind).into(),
        };
        if openinference {
            set(oi::KIND, followed.kind.clone().into());
        }
        let name = match row {
            None => (start.text)(names::NAME).map_or(Cow::Borrowed(followed.prefix), Cow::Owned),
            Some(row) => {
                // A tool of another process is named as MCP's conventions ask.
                let method = (start.text)(names::MCP_METHOD).filter(|_| row.is_tool());
                called(row, start, agent.as_deref(), asked.as_deref(), method.as_deref())
            }
        };
        if let Some(agent) = agent {
            set(names::AGENT_NAME, agent.clone().into());
            if openinference {
                set(oi::AGENT, agent.into());
            }
        }
        let client = match (row, &followed.operation) {
            (Some(row), _) => row.client,
            (None, Some(operation)) => operations::is_client(operation),
            (None, None) => false,
        };
        let usual = if client { SpanKind::Client } else { SpanKind::Internal };
        let kind = (start.text)(names::KIND).and_then(|word| kind_of(&word)).unwrap_or(usual);
        SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_start_time(followed.started)
            .with_attributes(attributes)
    }
}

fn called(
    row: &SpanMapping,
    start: &Opening<'_>,
    agent: Option<&str>,
    model: Option<&str>,
    method: Option<&str>,
) -> Cow<'static, str> {
    let text;
    let (plain, more) = match row.called {
        SpanName::Plainly(plain) => (plain, None),
        SpanName::WithAgent(plain) => (plain, agent),
        SpanName::WithModel(plain) => (plain, model),
        SpanName::With(plain, key) => {
            text = (start.text)(key).map(|text| truncate::text(&text, MAX_TEXT));
            (plain, text.as_deref())
        }
        SpanName::WithWord(plain, key, other) => {
            let word = (start.text)(key).filter(|text| is_identifier(text));
            text = word.or_else(|| Some(short(&(start.text)(other)?).to_owned()));
            (plain, text.as_deref())
        }
    };
    let plain = method.map_or(Cow::Borrowed(plain), |method| truncate::text(method, MAX_TEXT).into());
    match more {
        Some(more) => format!("{plain} {more}").into(),
        None => plain,
    }
}

/// The kind that the span's `otel.kind` names.
fn kind_of(word: &str) -> Option<SpanKind> {
    Some(match word {
        "client" => SpanKind::Client,
        "server" => SpanKind::Server,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        "internal" => SpanKind::Internal,
        _ => return None,
    })
}

/// One span that is followed.
pub(super) struct FollowedSpan {
    bridge: Arc<Inner>,
    /// Whether it happens now; one of a recording is not measured.
    live: bool,
    prefix: &'static str,
    row: Option<(usize, &'static SpanMapping)>,
    started: SystemTime,
    ids: Ids,
    alias: Option<Ids>,
    recording: bool,
    pub(super) otel: Option<OtelContext>,
    /// The attributes that stand on it already.
    set: Vec<&'static str>,
    pub(super) place: Place,
    /// The operation that the user named.
    operation: Option<String>,
    /// Its kind to `OpenInference`.
    kind: Cow<'static, str>,
}

impl SpanObserver for FollowedSpan {
    fn on_enter(&self) {
        current::enter(Entered {
            bridge: self.bridge.serial(),
            ids: self.ids,
            alias: self.alias,
            rollup: self.place.inner(),
            otel: self.otel.clone(),
            guard: None,
        });
    }

    fn on_exit(&self) {
        current::exit(self.bridge.serial(), self.ids);
    }

    fn on_end(&self, event: &Event<'_>) {
        let Some(_busy) = Busy::begin() else { return };
        let bridge = &*self.bridge;
        let options = &bridge.options;
        let row = self.row.map(|(_, row)| row);
        let outcome = Outcome::of(event, row.is_some_and(SpanMapping::is_tool));
        let mapper = AttributeMapper {
            options,
            row,
            recording: self.recording,
            outcome: &outcome,
            place: &self.place,
            operation: self.operation.as_deref(),
            kind: &self.kind,
            started: self.started,
        };
        let mut made = SpanAttributes::default();
        mapper.read(&mut made, event);
        self.place.count(&made);
        if let Some(instruments) = bridge.instruments.as_ref().filter(|_| self.live) {
            instruments.span(self.row, &made, &outcome, event, options);
            if row.is_some_and(|row| row.kind == "AGENT") {
                instruments.agent(&made, &self.place.sums().unwrap_or_default());
            }
        }
        if let Some(sink) = &bridge.logs
            && let Some(mut record) = logs::failure(event, row, &outcome, &made, options, self.ended(event))
        {
            self.correlate(&mut record);
            options.record_limits.apply_to_record(&mut record.attributes);
            current::hand_over(|| sink.emit(record));
        }
        mapper.finish(&mut made, event, self.prefix);
        self.end(&mut made, &outcome, event);
    }
}

impl FollowedSpan {
    fn correlate(&self, record: &mut Record) {
        if let Some(otel) = &self.otel {
            let span = otel.span();
            let context = span.span_context();
            record.span = Some((context.trace_id(), context.span_id(), Some(context.trace_flags())));
        }
    }

    fn ended(&self, event: &Event<'_>) -> SystemTime {
        self.started + event.measurements().duration().unwrap_or_default()
    }

    fn end(&self, made: &mut SpanAttributes, outcome: &Outcome, event: &Event<'_>) {
        let Some(otel) = &self.otel else { return };
        let span = otel.span();
        let ended = self.ended(event);
        if self.recording {
            self.catch_up(made);
            let options = &self.bridge.options;
            span.set_attributes(made.take_attributes(&self.set, options.limits));
            span.set_status(outcome.status(options.outcomes()));
            if self.bridge.has_events_on_spans()
                && !outcome.is_expected(options.outcomes())
                && let Some((exception_type, message)) = logs::exception(outcome)
            {
                let mut attributes = vec![KeyValue::new(names::EXCEPTION_TYPE, exception_type)];
                attributes.extend(
                    message
                        .map(|text| KeyValue::new(names::EXCEPTION_MESSAGE, truncate::text(text, MAX_TEXT))),
                );
                attributes.extend(
                    logs::stacktrace(event, options)
                        .map(|text| KeyValue::new(names::EXCEPTION_STACKTRACE, text)),
                );
                for attribute in &mut attributes {
                    options.limits.shorten(&mut attribute.value);
                }
                span.add_event_with_timestamp("exception", ended, attributes);
            }
        }
        current::hand_over(|| otel.span().end_with_timestamp(ended));
    }

    /// What was not known when the span opened.
    fn catch_up(&self, made: &mut SpanAttributes) {
        let inference = self.row.is_some_and(|(_, row)| row.is_inference());
        let model = made.model.clone().filter(|model| inference && !model.is_empty());
        let provider = made.provider.clone().filter(|_| inference).map(Cow::into_owned);
        let known = [
            (names::AGENT_NAME, made.agent.clone()),
            (oi::AGENT, made.agent.clone().filter(|_| self.bridge.options.openinference)),
            (names::REQUEST_MODEL, model),
            (names::PROVIDER, provider),
        ];
        for (key, value) in known {
            if let Some(value) = value.filter(|_| !self.set.contains(&key)) {
                made.attributes.insert(0, KeyValue::new(key, truncate::text(&value, MAX_TEXT)));
            }
        }
    }
}
