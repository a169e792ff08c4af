//! What the tests share: providers that keep what they are given.

use std::borrow::Borrow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use opentelemetry::logs::AnyValue;
use opentelemetry::trace::Status;
use opentelemetry::{Array, Value};
use opentelemetry_sdk::logs::in_memory_exporter::LogDataWithResource;
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider, SpanData};
use serde_json::{Map, Value as Json, json};
use telemetry_otel::{AttachGuard, Builder};
use telemetry_runtime::OwnedEvent;

/// The bridge sees all spans of the process: one test at a time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A bridge to providers that keep what they are given.
pub(crate) struct Kept {
    attached: Option<AttachGuard>,
    pub(crate) tracers: SdkTracerProvider,
    pub(crate) meters: SdkMeterProvider,
    _loggers: SdkLoggerProvider,
    spans: InMemorySpanExporter,
    metrics: InMemoryMetricExporter,
    logs: InMemoryLogExporter,
    _alone: MutexGuard<'static, ()>,
}

/// Attaches a bridge, configured by `with`.
pub(crate) fn kept(with: impl FnOnce(Builder) -> Builder) -> Kept {
    // The SDK's default.
    sampled(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)), with)
}

/// The same with a sampler.
pub(crate) fn sampled(sampler: Sampler, with: impl FnOnce(Builder) -> Builder) -> Kept {
    let alone = alone();
    let spans = InMemorySpanExporter::default();
    let metrics = InMemoryMetricExporter::default();
    let logs = InMemoryLogExporter::default();
    let tracers =
        SdkTracerProvider::builder().with_sampler(sampler).with_simple_exporter(spans.clone()).build();
    let meters = SdkMeterProvider::builder().with_periodic_exporter(metrics.clone()).build();
    let loggers = SdkLoggerProvider::builder().with_simple_exporter(logs.clone()).build();
    let builder =
        telemetry_otel::builder().tracer_provider(&tracers).meter_provider(&meters).logger_provider(&loggers);
    let attached = Some(with(builder).attach().unwrap());
    Kept { attached, tracers, meters, _loggers: loggers, spans, metrics, logs, _alone: alone }
}

impl Kept {
    /// Exports a recording.
    pub(crate) fn replay(&self, events: impl IntoIterator<Item = impl Borrow<OwnedEvent>>) -> usize {
        self.attached.as_ref().unwrap().replay(events)
    }

    pub(crate) fn detach(&mut self) {
        self.attached = None;
    }

    /// The spans, in the order they ended.
    pub(crate) fn spans(&self) -> Vec<SpanData> {
        self.spans.get_finished_spans().unwrap()
    }

    /// The one span of that name.
    pub(crate) fn span(&self, name: &str) -> SpanData {
        let spans = self.spans();
        let names: Vec<_> = spans.iter().map(|span| span.name.clone()).collect();
        let mut found = spans.into_iter().filter(|span| span.name == name);
        let span = found.next().unwrap_or_else(|| panic!("no `{name}` among {names:?}"));
        assert!(found.next().is_none(), "many `{name}` among {names:?}");
        span
    }

    pub(crate) fn logs(&self) -> Vec<LogDataWithResource> {
        self.logs.get_emitted_logs().unwrap()
    }

    /// The log records: name, severity and attributes.
    pub(crate) fn records(&self) -> Vec<Json> {
        self.logs()
            .iter()
            .map(|log| {
                let attributes = log.record.attributes_iter();
                let attributes = attributes.map(|(key, value)| (key.to_string(), of_any(value)));
                json!({
                    "event_name": log.record.event_name(),
                    "severity": log.record.severity_text(),
                    "body": log.record.body().map(of_any),
                    "attributes": sorted(attributes),
                })
            })
            .collect()
    }

    /// The metrics: by name, the unit and the data points.
    pub(crate) fn metrics(&self) -> Map<String, Json> {
        self.meters.force_flush().unwrap();
        let all = self.metrics.get_finished_metrics().unwrap();
        self.metrics.reset();
        let Some(last) = all.last() else { return Map::new() };
        let scopes = last.scope_metrics().flat_map(|scope| scope.metrics());
        sorted(scopes.map(|metric| {
            let (kind, points, bounds) = points(metric.data());
            let mut shown = json!({
                "description": metric.description(), "unit": metric.unit(), "kind": kind, "points": points,
            });
            if let Some(bounds) = bounds {
                shown["bounds"] = json!(bounds);
            }
            (metric.name().to_owned(), shown)
        }))
    }
}

fn points(data: &AggregatedMetrics) -> (&'static str, Vec<Json>, Option<Vec<f64>>) {
    fn histogram<T: Copy + Into<Json>>(
        data: &opentelemetry_sdk::metrics::data::Histogram<T>,
    ) -> (Vec<Json>, Option<Vec<f64>>) {
        let mut bounds = None;
        let mut points: Vec<Json> = data
            .data_points()
            .map(|point| {
                bounds = Some(point.bounds().collect());
                json!({
                    "attributes": attributes(point.attributes()),
                    "count": point.count(),
                    "sum": point.sum().into(),
                })
            })
            .collect();
        points.sort_by_key(ToString::to_string);
        (points, bounds)
    }
    fn sum<T: Copy + Into<Json>>(data: &opentelemetry_sdk::metrics::data::Sum<T>) -> Vec<Json> {
        let points = data.data_points();
        let mut points: Vec<Json> = points
            .map(|point| json!({"attributes": attributes(point.attributes()), "value": point.value().into()}))
            .collect();
        points.sort_by_key(ToString::to_string);
        points
    }
    match data {
        AggregatedMetrics::F64(MetricData::Histogram(data)) => {
            let (points, bounds) = histogram(data);
            ("histogram", points, bounds)
        }
        AggregatedMetrics::U64(MetricData::Histogram(data)) => {
            let (points, bounds) = histogram(data);
            ("histogram", points, bounds)
        }
        AggregatedMetrics::U64(MetricData::Sum(data)) => ("sum", sum(data), None),
        AggregatedMetrics::I64(MetricData::Sum(data)) => ("sum", sum(data), None),
        AggregatedMetrics::F64(MetricData::Sum(data)) => ("sum", sum(data), None),
        other => panic!("{other:?}"),
    }
}

fn attributes<'a>(attributes: impl Iterator<Item = &'a opentelemetry::KeyValue>) -> Map<String, Json> {
    sorted(attributes.map(|attribute| (attribute.key.to_string(), of_value(&attribute.value))))
}

fn sorted(entries: impl Iterator<Item = (String, Json)>) -> Map<String, Json> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    let count = entries.len();
    let map: Map<String, Json> = entries.into_iter().collect();
    assert_eq!(map.len(), count, "a key stands there twice");
    map
}

/// A span's attributes.
pub(crate) fn attributes_of(span: &SpanData) -> Map<String, Json> {
    attributes(span.attributes.iter())
}

pub(crate) fn of_value(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::I64(number) => (*number).into(),
        Value::F64(number) => (*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(Array::String(items)) => items.iter().map(|item| item.as_str()).collect(),
        Value::Array(Array::I64(items)) => items.iter().copied().collect(),
        Value::Array(Array::F64(items)) => items.iter().copied().collect(),
        Value::Array(Array::Bool(items)) => items.iter().copied().collect(),
        other => panic!("{other:?}"),
    }
}

fn of_any(value: &AnyValue) -> Json {
    match value {
        AnyValue::Int(number) => (*number).into(),
        AnyValue::Double(number) => (*number).into(),
        AnyValue::String(text) => text.as_str().into(),
        AnyValue::Boolean(flag) => (*flag).into(),
        AnyValue::ListAny(items) => items.iter().map(of_any).collect(),
        AnyValue::Map(map) => {
            Json::Object(sorted(map.iter().map(|(key, value)| (key.to_string(), of_any(value)))))
        }
        other => panic!("{other:?}"),
    }
}

/// A span as the golden file has it.
pub(crate) fn shown(span: &SpanData) -> Json {
    let status = match &span.status {
        Status::Unset => json!("unset"),
        Status::Ok => json!("ok"),
        Status::Error { description } => json!({"error": description}),
    };
    let events: Vec<Json> = span
        .events
        .iter()
        .map(|event| json!({"name": event.name, "attributes": attributes(event.attributes.iter())}))
        .collect();
    let mut shown = json!({
        "name": span.name,
        "kind": format!("{:?}", span.span_kind),
        "status": status,
        "attributes": attributes_of(span),
    });
    if !events.is_empty() {
        shown["events"] = json!(events);
    }
    shown
}
