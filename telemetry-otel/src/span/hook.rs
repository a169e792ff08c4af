//! The bridge: a span hook that opens, enters and ends OpenTelemetry spans with ours.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context as OtelContext, KeyValue};
use telemetry_llm::Provider;
use telemetry_runtime::{
    Event, SpanHook, SpanId, SpanIdentity, SpanObserver, SpanStart, StartedSpan, TraceId,
};

use crate::config::content::Content;
use crate::config::options::Options;
use crate::convert::attribute_value::MAX_TEXT;
use crate::convert::truncate;
use crate::logs::{self, LogSink, Record};
use crate::mapping::names::{self, openinference as oi};
use crate::mapping::table::{self as mapping, SpanMapping, SpanName};
use crate::metrics::Instruments;
use crate::span::attributes::{AttributeMapper, SpanAttributes};
use crate::span::current::{Busy, ENTERED, Entered, Ids, ids, innermost, parent};
use crate::span::outcome::Outcome;
use crate::span::rollup::Rollup;

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

struct Inner {
    spans: Option<Box<dyn SpanSource>>,
    instruments: Option<Instruments>,
    logs: Option<Box<dyn LogSink>>,
    options: Options,
}

impl Bridge {
    pub(crate) fn new(
        spans: Option<Box<dyn SpanSource>>,
        instruments: Option<Instruments>,
        logs: Option<Box<dyn LogSink>>,
        options: Options,
    ) -> Self {
        Self(Arc::new(Inner { spans, instruments, logs, options }))
    }
}

impl SpanHook for Bridge {
    fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
        let Some(_busy) = Busy::begin() else { return StartedSpan::default() };
        let around = OtelContext::current();
        if around.is_telemetry_suppressed() {
            return StartedSpan::default();
        }
        let row = mapping::row(start.prefix());
        let started = UNIX_EPOCH + Duration::from_nanos(start.system_time());
        let mut following = Following {
            bridge: self.0.clone(),
            prefix: start.prefix(),
            row,
            started,
            ids: (0, 0),
            recording: false,
            otel: None,
            set: Vec::new(),
            gathered: None,
        };
        if self.0.options.content != Content::Off {
            let outer = innermost(|entered| entered.gathered.clone()).flatten();
            following.gathered = row.map(|(_, row)| Rollup::new(row, outer.clone())).or(outer);
        }
        let identity = self.0.start(start, around, &mut following);
        StartedSpan::default().with_identity(identity).with_observer(following)
    }

    fn on_event(&self, event: &Event<'_>) {
        let Some(_busy) = Busy::begin() else { return };
        if OtelContext::map_current(OtelContext::is_telemetry_suppressed) {
            return;
        }
        if let Some(instruments) = &self.0.instruments {
            instruments.event(event);
        }
        if let Some(sink) = &self.0.logs {
            let mut record = logs::single(event, &self.0.options);
            if let Some(span) = event.span() {
                let (trace_id, span_id) = (span.trace_id.get(), span.id.get());
                // Within the span's own trace, what is current knows whether that is sampled.
                let flags = OtelContext::map_current(|current| {
                    let current = current.span().span_context().clone();
                    (current.trace_id() == trace_id.into()).then(|| current.trace_flags())
                });
                record.span = Some((trace_id.into(), span_id.into(), flags));
            }
            sink.emit(record);
        }
    }
}

impl Inner {
    /// Starts the span, if there are traces, and says who it is.
    fn start(&self, start: &SpanStart<'_>, around: OtelContext, following: &mut Following) -> SpanIdentity {
        let Some(source) = &self.spans else { return SpanIdentity::default() };
        let within = parent(start, around);
        let outer = within.span().span_context().clone();
        let builder = self.builder(start, following);
        let otel = source.start(builder, &within);
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
        following.ids = (trace_id, id);
        following.recording = span.is_recording();
        following.otel = Some(otel);
        identity
    }

    /// The span with what a sampler may look at.
    fn builder(&self, start: &SpanStart<'_>, following: &mut Following) -> SpanBuilder {
        let mut attributes = Vec::with_capacity(16);
        let mut set = |key: &'static str, value: opentelemetry::Value| {
            following.set.push(key);
            attributes.push(KeyValue::new(key, value));
        };
        let openinference = self.options.openinference;
        let row = following.row.map(|(_, row)| row);
        let agent = start.agent().map(|agent| truncate::text(&agent, MAX_TEXT));
        let mut asked = None;
        if let Some(row) = row {
            if let Some(operation) = row.operation {
                set(names::OPERATION, operation.into());
            }
            for (key, value) in row.constants(self.options.convention) {
                set(key, value.into());
            }
            if row.is_inference() {
                let model = start.text("model").unwrap_or_default();
                let (prefix, model) = telemetry_llm::split_model(&model);
                let field = start.text("provider").filter(|name| !name.is_empty());
                let named = field.and_then(|name| Provider::named(&name)).or(prefix);
                if let Some(provider) = named {
                    set(names::PROVIDER, provider.into_name().into());
                }
                if !model.is_empty() {
                    asked = Some(truncate::text(model, MAX_TEXT));
                    set(names::REQUEST_MODEL, truncate::text(model, MAX_TEXT).into());
                }
            }
        }
        if openinference {
            set(oi::KIND, row.map_or("CHAIN", |row| row.kind).into());
        }
        let name = match row {
            None => Cow::Borrowed(following.prefix),
            Some(row) => called(row, start, agent.as_deref(), asked.as_deref()),
        };
        if let Some(agent) = agent {
            set(names::AGENT_NAME, agent.clone().into());
            if openinference {
                set(oi::AGENT, agent.into());
            }
        }
        let kind = if row.is_some_and(|row| row.client) { SpanKind::Client } else { SpanKind::Internal };
        SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_start_time(following.started)
            .with_attributes(attributes)
    }
}

fn called(
    row: &SpanMapping,
    start: &SpanStart<'_>,
    agent: Option<&str>,
    model: Option<&str>,
) -> Cow<'static, str> {
    let text;
    let (plain, more) = match row.called {
        SpanName::Plainly(plain) => (plain, None),
        SpanName::WithAgent(plain) => (plain, agent),
        SpanName::WithModel(plain) => (plain, model),
        SpanName::With(plain, key) => {
            text = start.text(key).map(|text| truncate::text(&text, MAX_TEXT));
            (plain, text.as_deref())
        }
    };
    match more {
        Some(more) => format!("{plain} {more}").into(),
        None => plain.into(),
    }
}

/// One span that is followed.
struct Following {
    bridge: Arc<Inner>,
    prefix: &'static str,
    row: Option<(usize, &'static SpanMapping)>,
    started: SystemTime,
    ids: Ids,
    recording: bool,
    otel: Option<OtelContext>,
    /// The attributes that stand on it already.
    set: Vec<&'static str>,
    gathered: Option<Arc<Rollup>>,
}

impl SpanObserver for Following {
    fn on_enter(&self) {
        let Some(otel) = &self.otel else { return };
        // A context entered once more inside its own span hides nothing that others made current.
        let is_current = innermost(|entered| entered.ids) == Some(self.ids);
        let guard = (!is_current).then(|| otel.clone().attach());
        let entered = Entered { ids: self.ids, gathered: self.gathered.clone(), guard };
        let _ = ENTERED.try_with(|stack| stack.borrow_mut().push(entered));
    }

    fn on_exit(&self) {
        if self.otel.is_none() {
            return;
        }
        // Dropped after the borrow: what is detached may run code of others.
        let left = ENTERED.try_with(|stack| stack.borrow_mut().pop());
        if let Ok(Some(left)) = left {
            drop(left.guard);
        }
    }

    fn on_end(&self, event: &Event<'_>) {
        let Some(_busy) = Busy::begin() else { return };
        let bridge = &*self.bridge;
        let options = &bridge.options;
        let row = self.row.map(|(_, row)| row);
        let ending = Outcome::of(event, row.is_some_and(SpanMapping::is_tool));
        let filling = AttributeMapper {
            options,
            row,
            recording: self.recording,
            ending: &ending,
            gathered: self.gathered.as_deref().filter(|_| self.row.is_some()),
        };
        let mut sheet = SpanAttributes::default();
        filling.read(&mut sheet, event);
        if let (Some(instruments), Some(row)) = (&bridge.instruments, self.row) {
            instruments.span(row, &sheet, &ending, event, options);
        }
        if let Some(sink) = &bridge.logs
            && let Some(mut record) = logs::failure(event, row, &ending, &sheet, options)
        {
            self.correlate(&mut record);
            sink.emit(record);
        }
        filling.finish(&mut sheet, event, self.prefix);
        self.end(&mut sheet, &ending, event);
    }
}

impl Following {
    fn correlate(&self, record: &mut Record) {
        if let Some(otel) = &self.otel {
            let span = otel.span();
            let context = span.span_context();
            record.span = Some((context.trace_id(), context.span_id(), Some(context.trace_flags())));
        }
    }

    fn end(&self, sheet: &mut SpanAttributes, ending: &Outcome, event: &Event<'_>) {
        let Some(otel) = &self.otel else { return };
        let span = otel.span();
        let ended = self.started + event.measurements().duration().unwrap_or_default();
        if self.recording {
            self.catch_up(sheet);
            let options = &self.bridge.options;
            span.set_attributes(sheet.take_attributes(&self.set, options.attribute_limit));
            span.set_status(ending.status(options.endings()));
            if options.exception_events
                && let Some((exception_type, message)) = logs::exception(ending)
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
                span.add_event_with_timestamp("exception", ended, attributes);
            }
        }
        span.end_with_timestamp(ended);
    }

    /// What was not known when the span opened.
    fn catch_up(&self, sheet: &mut SpanAttributes) {
        let inference = self.row.is_some_and(|(_, row)| row.is_inference());
        let model = sheet.model.clone().filter(|model| inference && !model.is_empty());
        let provider = sheet.provider.clone().filter(|_| inference).map(Cow::into_owned);
        let known = [
            (names::AGENT_NAME, sheet.agent.clone()),
            (oi::AGENT, sheet.agent.clone().filter(|_| self.bridge.options.openinference)),
            (names::REQUEST_MODEL, model),
            (names::PROVIDER, provider),
        ];
        for (key, value) in known {
            if let Some(value) = value.filter(|_| !self.set.contains(&key)) {
                sheet.attributes.insert(0, KeyValue::new(key, truncate::text(&value, MAX_TEXT)));
            }
        }
    }
}
