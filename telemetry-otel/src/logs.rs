//! Log records: single events, failures of models, panics and cancellations, each with the ids of
//! its span.

use std::time::SystemTime;

use opentelemetry::logs::{AnyValue, LogRecord, Logger, Severity};
use opentelemetry::{Array, Key, KeyValue, SpanId, TraceFlags, TraceId, Value};
use serde_json::Value as Json;
use telemetry_runtime::{Event, Value as Recorded};

use crate::config::options::Options;
use crate::convert::attribute_value::{AttributeValue, MAX_TEXT, made};
use crate::convert::intern::interned;
use crate::convert::truncate;
use crate::mapping::names;
use crate::mapping::table::{SpanMapping, Target, event_row, of_context};
use crate::span::attributes::SpanAttributes;
use crate::span::outcome::Outcome;

/// A record to be emitted.
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) severity: Severity,
    pub(crate) timestamp: SystemTime,
    /// What a person reads.
    pub(crate) body: String,
    pub(crate) attributes: Vec<(Key, AnyValue)>,
    pub(crate) span: Option<(TraceId, SpanId, Option<TraceFlags>)>,
}

/// A logger of any provider's.
pub(crate) trait LogSink: Send + Sync {
    fn emit(&self, record: Record);
}

impl<L: Logger + Send + Sync> LogSink for L {
    fn emit(&self, record: Record) {
        let name = interned(&record.name);
        if !self.event_enabled(record.severity, names::SCOPE, name) {
            return;
        }
        let mut made = self.create_log_record();
        match name {
            Some(name) => made.set_event_name(name),
            None => made.add_attribute("event.name", record.name),
        }
        made.set_severity_number(record.severity);
        made.set_severity_text(record.severity.name());
        made.set_timestamp(record.timestamp);
        made.set_observed_timestamp(SystemTime::now());
        made.set_body(record.body.into());
        made.add_attributes(record.attributes);
        if let Some((trace_id, span_id, flags)) = record.span {
            made.set_trace_context(trace_id, span_id, flags);
        }
        Logger::emit(self, made);
    }
}

/// A span that failed: of a model call whatever the failure, else a panic or a cancellation.
pub(crate) fn failure(
    event: &Event<'_>,
    row: Option<&SpanMapping>,
    outcome: &Outcome,
    made: &SpanAttributes,
    options: &Options,
    ended: SystemTime,
) -> Option<Record> {
    let inference = row.is_some_and(SpanMapping::is_inference);
    let severity = match outcome {
        Outcome::Ok => return None,
        Outcome::Failed { .. } if !inference || outcome.error_type(options.outcomes()).is_none() => {
            return None;
        }
        Outcome::Panicked { .. } if !inference => Severity::Error,
        Outcome::Failed { .. } | Outcome::Panicked { .. } => Severity::Warn,
        Outcome::Cancelled => Severity::Info,
    };
    let (exception_type, message) = exception(outcome)?;
    let conventional = row.and_then(|row| row.failure?.of(options.convention));
    let name = conventional.filter(|_| *outcome != Outcome::Cancelled).unwrap_or(event.name());
    let mut attributes: Vec<(Key, AnyValue)> = vec![(names::EXCEPTION_TYPE.into(), exception_type.into())];
    if let Some(message) = message {
        attributes.push((names::EXCEPTION_MESSAGE.into(), truncate::text(message, MAX_TEXT).into()));
    }
    if let Some(stacktrace) = stacktrace(event, options) {
        attributes.push((names::EXCEPTION_STACKTRACE.into(), stacktrace.into()));
    }
    if inference {
        let model = made.model.clone().map(|model| (names::REQUEST_MODEL, model));
        let provider = made.provider.clone().map(|provider| (names::PROVIDER, provider.into_owned()));
        let operation = row.and_then(|row| row.operation).map(|name| (names::OPERATION, name.to_owned()));
        for (key, value) in operation.into_iter().chain(provider).chain(model) {
            attributes.push((key.into(), value.into()));
        }
    }
    common(&mut attributes, event, options);
    let span = event.name().rsplit_once('.').map_or(event.name(), |(span, _)| span);
    let body = match outcome {
        Outcome::Panicked { message } => format!("{span} panicked: {message}"),
        Outcome::Cancelled => format!("{span} was cancelled"),
        _ => format!("{span} failed: {}", message.unwrap_or("no reason is given")),
    };
    Some(Record {
        name: name.to_owned(),
        severity,
        timestamp: ended,
        body: truncate::text(&body, MAX_TEXT),
        attributes,
        span: None,
    })
}

/// The type and the message of what went wrong.
pub(crate) fn exception(outcome: &Outcome) -> Option<(String, Option<&str>)> {
    match outcome {
        Outcome::Ok => None,
        Outcome::Failed { error_type, message } => Some((error_type.to_string(), message.as_deref())),
        Outcome::Panicked { message } => Some(("panic".to_owned(), Some(message))),
        Outcome::Cancelled => Some(("cancelled".to_owned(), None)),
    }
}

/// The frames of a panic, where they are asked for: to resolve them takes milliseconds.
pub(crate) fn stacktrace(event: &Event<'_>, options: &Options) -> Option<String> {
    let frames = options.stacktraces.then(|| event.metadata().get("stacktrace"))??.to_json();
    let frames: Vec<&str> = frames.as_array()?.iter().filter_map(Json::as_str).collect();
    (!frames.is_empty()).then(|| truncate::text(&frames.join("\n"), 16 * MAX_TEXT))
}

/// Who it was, and in which conversation.
fn common(attributes: &mut Vec<(Key, AnyValue)>, event: &Event<'_>, options: &Options) {
    let metadata = event.metadata();
    // The session of a delegation's stop is the child's.
    let session =
        if event.name().starts_with("condukt.subagent.") { "parent_session_id" } else { "session_id" };
    let conversation = [session, "run_id"].iter().find_map(|key| metadata.get_str(key));
    let agent = metadata.get_str("agent").map(|agent| options.agent_name(agent));
    for (name, text) in [(names::AGENT_NAME, agent.as_deref()), (names::CONVERSATION, conversation)] {
        if let Some(text) = text {
            attributes.push((name.into(), truncate::text(text, MAX_TEXT).into()));
        }
    }
}

/// A single event.
pub(crate) fn single(event: &Event<'_>, options: &Options) -> Record {
    let mut attributes = Vec::new();
    common(&mut attributes, event, options);
    let documented = event.category().is_some();
    let row = event_row(event.name());
    for (key, value) in event.metadata().iter() {
        let name: Key = match (row.and_then(|row| row.to(key)), of_context(key)) {
            (Some(name), _) => name.into(),
            (None, Some(Target::Agent | Target::Conversation)) => continue,
            (None, Some(Target::ConversationAnd(name) | Target::Attribute(name))) => {
                match name.of(options.convention) {
                    Some(name) => name.into(),
                    None => continue,
                }
            }
            (None, _) => key.trim_end_matches('?').to_owned().into(),
        };
        if !options.stacktraces && key == "stacktrace" {
            continue;
        }
        attributes.extend(any(name.as_str(), key, value, options).map(|value| (name, value)));
    }
    for (key, value) in event.measurements().iter() {
        if matches!(key, "system_time" | "monotonic_time") {
            continue;
        }
        // The measurements of a documented event have the event's name in theirs.
        let name: Key = match row.and_then(|row| row.to(key)) {
            Some(name) => name.into(),
            None if documented => format!("{}.{key}", event.name()).into(),
            None => key.to_owned().into(),
        };
        // In seconds, as OpenTelemetry has durations.
        if let Some(duration) = event.measurements().duration().filter(|_| documented && key == "duration") {
            attributes.push((name, duration.as_secs_f64().into()));
            continue;
        }
        attributes.extend(any(name.as_str(), key, value, options).map(|value| (name, value)));
    }
    let failed = event.name() == "telemetry.handler.failure";
    Record {
        name: row.and_then(|row| row.called).unwrap_or(event.name()).to_owned(),
        severity: if failed { Severity::Error } else { Severity::Info },
        timestamp: event.measurements().system_time().unwrap_or_else(SystemTime::now),
        body: body(event),
        attributes,
        span: None,
    }
}

/// The body of a single event: its documented description, else its name. Its keys are attributes.
fn body(event: &Event<'_>) -> String {
    let documented = telemetry_catalogue::EVENTS.iter().find(|spec| spec.name == event.name());
    match documented {
        Some(spec) => format!("{}: {}", event.name(), spec.doc),
        None => event.description().map_or_else(|| event.name().to_owned(), str::to_owned),
    }
}

/// A value as a log record has it, structure and all. Structure is content, and so is what is content by its own name or
/// by that of its attribute.
fn any(name: &str, key: &str, value: Recorded<'_>, options: &Options) -> Option<AnyValue> {
    let key = if options.is_content_key(name) { name } else { key };
    let max_bytes = options.content_of_key(key);
    match made(value) {
        AttributeValue::Plain(Value::String(text)) if options.is_content_key(key) => {
            let masked = options.masked(key, text.as_str().into());
            Some(truncate::text(masked.as_str().unwrap_or_default(), max_bytes?).into())
        }
        AttributeValue::Plain(_) if options.is_content_key(key) && max_bytes.is_none() => None,
        AttributeValue::Plain(value) => Some(plain(value)),
        AttributeValue::Tree(tree) => {
            let whole = truncate::json(options.masked(key, tree), max_bytes?)?;
            Some(structured(serde_json::from_str(&whole).ok()?))
        }
        AttributeValue::Nothing => None,
    }
}

/// An attribute of a record as an event on a span has it.
pub(crate) fn on_span((key, value): &(Key, AnyValue)) -> Option<KeyValue> {
    let value: Value = match value {
        AnyValue::Int(number) => (*number).into(),
        AnyValue::Double(number) => (*number).into(),
        AnyValue::String(text) => text.clone().into(),
        AnyValue::Boolean(flag) => (*flag).into(),
        _ => return None,
    };
    Some(KeyValue::new(key.clone(), value))
}

fn plain(value: Value) -> AnyValue {
    match value {
        Value::Bool(flag) => flag.into(),
        Value::I64(number) => number.into(),
        Value::F64(number) => number.into(),
        Value::String(text) => text.into(),
        Value::Array(Array::Bool(items)) => items.into_iter().collect(),
        Value::Array(Array::I64(items)) => items.into_iter().collect(),
        Value::Array(Array::F64(items)) => items.into_iter().collect(),
        Value::Array(Array::String(items)) => items.into_iter().collect(),
        other => other.to_string().into(),
    }
}

fn structured(json: Json) -> AnyValue {
    match json {
        Json::Null => AnyValue::from(""),
        Json::Bool(flag) => flag.into(),
        Json::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Json::String(text) => text.into(),
        Json::Array(items) => items.into_iter().map(structured).collect(),
        Json::Object(map) => map.into_iter().map(|(key, value)| (key, structured(value))).collect(),
    }
}
