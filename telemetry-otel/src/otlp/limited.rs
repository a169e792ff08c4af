//! The SDK's processors and exporters behind a queue each.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::logs::AnyValue;
use opentelemetry::trace::Span as _;
use opentelemetry::{Context, InstrumentationScope, KeyValue, SpanId, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter, LogProcessor, SdkLogRecord};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};

use super::queue_limit::QueueLimit;
use super::quiet::quiet;
use crate::bridge::current::ForeignSpans;

/// An exporter or a processor with the queue of its signal.
#[derive(Debug)]
pub(crate) struct Limited<T> {
    pub(crate) inner: T,
    pub(crate) queue: Arc<QueueLimit>,
}

/// The most bytes of spans in one message, about. Collectors commonly take 4 MiB, and a batch of spans
/// with content may have many times that.
const MAX_MESSAGE: usize = 2 * 1024 * 1024;

/// Why an export failed. The SDK gets no failure, since it would log each one; this crate logs an outage
/// once, with the reason.
fn error(result: &OTelSdkResult) -> Option<String> {
    result.as_ref().err().map(ToString::to_string)
}

/// A processor of spans that notes which are open.
#[derive(Debug)]
pub(crate) struct Noting {
    pub(crate) open: Arc<ForeignSpans>,
}

fn number(id: SpanId) -> u64 {
    u64::from_be_bytes(id.to_bytes())
}

impl SpanProcessor for Noting {
    fn on_start(&self, span: &mut Span, _: &Context) {
        self.open.started(number(span.span_context().span_id()));
    }

    fn on_end(&self, span: SpanData) {
        self.open.ended(number(span.span_context.span_id()));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl<P: SpanProcessor> SpanProcessor for Limited<P> {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        self.inner.on_start(span, cx);
    }

    fn on_end(&self, span: SpanData) {
        // The SDK's batches leave unsampled spans out, so they would never leave the queue.
        if span.span_context.is_sampled() && self.queue.admit(size_of_span(&span)) {
            self.inner.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: SpanExporter> SpanExporter for Limited<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut rest = batch.into_iter().peekable();
        while rest.peek().is_some() {
            let (mut part, mut bytes) = (Vec::new(), 0);
            while let Some(span) =
                rest.next_if(|span| part.is_empty() || bytes + size_of_span(span) <= MAX_MESSAGE)
            {
                bytes += size_of_span(&span);
                part.push(span);
            }
            let items = part.len();
            let result = quiet(self.inner.export(part)).await;
            self.queue.done(items, bytes, error(&result));
        }
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<P: LogProcessor> LogProcessor for Limited<P> {
    fn emit(&self, data: &mut SdkLogRecord, instrumentation: &InstrumentationScope) {
        if self.queue.admit(size_of_record(data)) {
            self.inner.emit(data, instrumentation);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: LogExporter> LogExporter for Limited<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let (items, bytes) = batch
            .iter()
            .fold((0, 0), |(items, bytes), (record, _)| (items + 1, bytes + size_of_record(record)));
        if self.queue.is_refused() {
            return self.queue.discard(items, bytes);
        }
        let result = quiet(self.inner.export(batch)).await;
        self.queue.done(items, bytes, error(&result));
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Metrics do not queue: one that cannot be sent is in the next export, which is counted as one.
impl<E: PushMetricExporter> PushMetricExporter for Limited<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        if !self.queue.admit(0) {
            return Ok(());
        }
        let result = quiet(self.inner.export(metrics)).await;
        self.queue.done(1, 0, error(&result));
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}

/// About how many bytes a span takes, or a record.
const FRAME: usize = 512;

fn size_of_span(span: &SpanData) -> usize {
    let own = span.attributes.iter().map(size_of_attribute);
    let events = span.events.iter().flat_map(|event| &event.attributes).map(size_of_attribute);
    FRAME + own.chain(events).sum::<usize>()
}

fn size_of_attribute(attribute: &KeyValue) -> usize {
    let value = match &attribute.value {
        Value::String(text) => text.as_str().len(),
        Value::Array(opentelemetry::Array::String(items)) => {
            items.iter().map(|item| size_of::<Value>() + item.as_str().len()).sum()
        }
        _ => 0,
    };
    size_of::<KeyValue>() + value
}

fn size_of_record(record: &SdkLogRecord) -> usize {
    FRAME + record.attributes_iter().map(|(_, value)| size_of_any(value)).sum::<usize>()
}

fn size_of_any(value: &AnyValue) -> usize {
    let inner = match value {
        AnyValue::String(text) => text.as_str().len(),
        AnyValue::ListAny(items) => items.iter().map(size_of_any).sum(),
        AnyValue::Map(map) => map.values().map(size_of_any).sum(),
        _ => 0,
    };
    size_of::<AnyValue>() + inner
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    /// Takes spans and never sends them.
    #[derive(Debug)]
    struct Stuck;

    impl SpanProcessor for Stuck {
        fn on_start(&self, _: &mut Span, _: &Context) {}
        fn on_end(&self, _: SpanData) {}
        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }
        fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
            Ok(())
        }
    }

    /// Notes how many spans each message has.
    #[derive(Clone, Debug, Default)]
    struct Sizes(Arc<std::sync::Mutex<Vec<usize>>>);

    impl SpanExporter for Sizes {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().push(batch.len());
            Ok(())
        }
    }

    #[test]
    fn large_batches_are_sent_in_parts() {
        let queue = Arc::new(QueueLimit::new("spans", 2048, usize::MAX));
        let noting = Sizes::default();
        let exporter = Limited { inner: noting.clone(), queue: queue.clone() };
        let batches = opentelemetry_sdk::trace::BatchSpanProcessor::builder(exporter).build();
        let processor = Limited { inner: batches, queue: queue.clone() };
        let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
        for size in [1_000_000, 900_000, 500_000, 5_000_000, 10, 10] {
            let mut span = provider.tracer("test").start("large");
            span.set_attribute(KeyValue::new("input.value", "x".repeat(size)));
            span.end();
        }
        provider.shutdown().unwrap();
        assert_eq!(*noting.0.lock().unwrap(), [2, 1, 1, 2]);
        assert_eq!((queue.stats().exported, queue.stats().queued), (6, 0));
    }

    #[test]
    fn the_queue_is_bounded_in_bytes() {
        let queue = Arc::new(QueueLimit::new("spans", 2048, 100_000));
        let guarded = Limited { inner: Stuck, queue: queue.clone() };
        let provider = SdkTracerProvider::builder().with_span_processor(guarded).build();
        for _ in 0..10 {
            let mut span = provider.tracer("test").start("large");
            span.set_attribute(KeyValue::new("input.value", "x".repeat(20_000)));
            span.end();
        }
        let stats = queue.stats();
        assert_eq!((stats.queued, stats.dropped), (4, 6));
    }
}
