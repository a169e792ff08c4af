//! OTLP from the `OTEL_*` variables.

mod client;
mod env;
mod export;
mod limited;
mod queue_limit;
mod quiet;
mod resource;

use std::sync::Arc;

use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::logs::{BatchConfigBuilder as LogConfig, BatchLogProcessor, SdkLoggerProvider};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use telemetry_runtime::AttachError;

use client::NotingClient;
pub use env::InstallError;
use env::{Protocol, Signal, Variables};
use export::Runtime;
pub use export::{OtlpExport, ShutdownError};
use limited::{Limited, Noting};
pub use queue_limit::ExportStats;
use queue_limit::{MAX_BYTES, QueueLimit};

use crate::bridge::current::ForeignSpans;
use crate::builder::{Builder, builder};

/// Exports events to the collector that the standard `OTEL_*` variables name, as long as what is
/// returned is kept; by default over HTTP to `localhost:4318`.
///
/// The same as [`builder()`]`.`[`install()`](Builder::install), which has settings.
///
/// ```no_run
/// let telemetry = telemetry_otel::install()?;
/// // .. the agent runs ..
/// telemetry.shutdown()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When a variable asks for what cannot be done, or something is installed already. A collector that
/// cannot be reached is no error.
pub fn install() -> Result<OtlpExport, InstallError> {
    builder().install()
}

/// Builds the exporter of one signal. The three have the same methods and no trait in common.
macro_rules! exporter {
    ($exporter:ident, $protocol:expr, $signal:expr, $endpoint:expr, $telemetry:expr, $variables:expr, $queue:expr) => {
        match $protocol {
            Protocol::Http(encoding) => {
                let inner = client($signal, $variables)?;
                let client = NotingClient { inner, last: $queue.last_failure.clone() };
                let mut builder =
                    $exporter::builder().with_http().with_protocol(encoding.into()).with_http_client(client);
                if let Some(url) = &$endpoint {
                    builder = builder.with_endpoint($signal.url(url));
                }
                builder.build()?
            }
            #[cfg(feature = "grpc")]
            Protocol::Grpc => {
                // A day is as good as no limit.
                let timeout = $signal.timeout($variables)?.unwrap_or(std::time::Duration::from_secs(86_400));
                let mut builder = $exporter::builder().with_tonic().with_timeout(timeout);
                if let Some(url) = &$endpoint {
                    builder = builder.with_endpoint(url.clone());
                }
                $telemetry.runtime.within(|| builder.build())?
            }
        }
    };
}

impl Builder {
    /// Exports events to the collector that the standard `OTEL_*` variables name, for each signal that
    /// was given no provider.
    ///
    /// Each variable of the specification is honoured, or refused with the reason, or, where it changes
    /// nothing here, answered with a warning:
    ///
    /// | variable | |
    /// |---|---|
    /// | `OTEL_SDK_DISABLED`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` | honoured; the service name wins over the attributes, whose values are percent-decoded |
    /// | `OTEL_{TRACES,METRICS,LOGS}_EXPORTER` | `otlp`, `none`; `console` (feature `console`), alone or in a list with `otlp` |
    /// | `OTEL_EXPORTER_OTLP_{ENDPOINT,PROTOCOL,HEADERS,TIMEOUT,COMPRESSION}`, each also for one signal | honoured; `http/protobuf`, `http/json` (feature `json`), `grpc` (feature `grpc`); `gzip` (feature `gzip`) |
    /// | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | honoured |
    /// | `OTEL_BSP_*`, `OTEL_BLRP_*`, `OTEL_METRIC_EXPORT_*` | honoured; of two timeouts the shorter one; a timeout of 0 is none |
    /// | `OTEL_{SPAN_,LOGRECORD_,}ATTRIBUTE_{COUNT,VALUE_LENGTH}_LIMIT`, `OTEL_SPAN_{EVENT,LINK}_COUNT_LIMIT`, `OTEL_{EVENT,LINK}_ATTRIBUTE_COUNT_LIMIT` | honoured |
    /// | `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` | honoured |
    /// | `OTEL_SEMCONV_STABILITY_OPT_IN`, `OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN`, `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`, `OPENINFERENCE_HIDE_*` | honoured |
    /// | `OTEL_PROPAGATORS` | `tracecontext`, with its `tracestate`, and `baggage`, which are always on; others are refused |
    /// | `OTEL_EXPORTER_OTLP_{CERTIFICATE,CLIENT_*}`, `OTEL_CONFIG_FILE`, histograms other than `explicit_bucket_histogram` | refused |
    /// | `OTEL_LOG_LEVEL` | a warning: the subscriber filters the target `telemetry` |
    /// | `OTEL_EXPORTER_OTLP_INSECURE`, `OTEL_METRICS_EXEMPLAR_FILTER` | a warning: the endpoint's scheme says it; the SDK makes no exemplars |
    ///
    /// A collector that is slow or down costs the agent nothing: what waits is bounded by
    /// `OTEL_BSP_MAX_QUEUE_SIZE` and by 64 MiB, and [`OtlpExport::spans`] and its like say what was lost.
    ///
    /// Nothing global is set: [`OtlpExport::tracer_provider`] is there to be used elsewhere too.
    ///
    /// # Errors
    /// When a variable asks for what cannot be done, or something of this id is installed already. A
    /// collector that cannot be reached is no error.
    pub fn install(self) -> Result<OtlpExport, InstallError> {
        self.install_from(&env::process)
    }

    fn install_from(mut self, variables: Variables<'_>) -> Result<OtlpExport, InstallError> {
        if env::is_disabled(variables) {
            return Ok(OtlpExport::default());
        }
        env::check(variables)?;
        let mut telemetry = OtlpExport::default();
        let wanted = |given: bool, signal: Signal| -> Result<Option<Wanted>, InstallError> {
            let exporters = signal.exporters(variables)?;
            if given || !exporters.otlp && !exporters.console {
                return Ok(None);
            }
            let otlp =
                exporters.otlp.then(|| signal.protocol(self.endpoint.as_deref(), variables)).transpose()?;
            Ok(Some(Wanted { otlp, console: exporters.console }))
        };
        let traces = wanted(self.has_tracer_provider(), Signal::Traces)?;
        let metrics = wanted(self.has_meter_provider(), Signal::Metrics)?;
        let logs = wanted(self.has_logger_provider(), Signal::Logs)?;
        let protocols = [traces, metrics, logs].into_iter().flatten().filter_map(|wanted| wanted.otlp);
        telemetry.runtime = Runtime::if_needed(protocols)?;
        let resource = resource::resource(variables)?;

        let endpoint = self.endpoint.take();

        if let Some(wanted) = traces {
            let size = env::queue_size(variables, "OTEL_BSP_MAX_QUEUE_SIZE")?;
            let queue = Arc::new(QueueLimit::new("spans", size, MAX_BYTES));
            let open = Arc::new(ForeignSpans::default());
            let count = self.span_attributes();
            let mut provider = SdkTracerProvider::builder()
                .with_resource(resource.clone())
                // The SDK's own limit would leave out what the variables and the builder let pass.
                .with_max_attributes_per_span(u32::try_from(count).unwrap_or(u32::MAX))
                .with_max_attributes_per_event(env::attributes_of("EVENT", variables))
                .with_max_attributes_per_link(env::attributes_of("LINK", variables))
                .with_span_processor(Noting { open: open.clone() });
            if let Some(protocol) = wanted.otlp {
                let exporter =
                    exporter!(SpanExporter, protocol, Signal::Traces, endpoint, telemetry, variables, queue);
                let exporter = Limited { inner: exporter, queue: queue.clone() };
                let config = BatchConfigBuilder::default().with_max_queue_size(size).build();
                let batches = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
                provider = provider.with_span_processor(Limited { inner: batches, queue: queue.clone() });
            }
            #[cfg(feature = "console")]
            if wanted.console {
                provider = provider.with_simple_exporter(opentelemetry_stdout::SpanExporter::default());
            }
            let provider = provider.build();
            self = self.tracer_provider(&provider);
            self.foreign = Some(open);
            telemetry.traces = Some((provider, queue));
        }
        if let Some(wanted) = metrics {
            let queue = Arc::new(QueueLimit::new("metric exports", usize::MAX, usize::MAX).optional());
            let mut provider = SdkMeterProvider::builder().with_resource(resource.clone());
            if let Some(protocol) = wanted.otlp {
                let exporter = exporter!(
                    MetricExporter,
                    protocol,
                    Signal::Metrics,
                    endpoint,
                    telemetry,
                    variables,
                    queue
                );
                let limited = Limited { inner: exporter, queue: queue.clone() };
                provider = provider.with_reader(PeriodicReader::builder(limited).build());
            }
            #[cfg(feature = "console")]
            if wanted.console {
                provider = provider.with_periodic_exporter(opentelemetry_stdout::MetricExporter::default());
            }
            let provider = provider.build();
            self = self.meter_provider(&provider);
            telemetry.metrics = Some((provider, queue));
        }
        if let Some(wanted) = logs {
            let size = env::queue_size(variables, "OTEL_BLRP_MAX_QUEUE_SIZE")?;
            let queue = Arc::new(QueueLimit::new("log records", size, MAX_BYTES).optional());
            let mut provider = SdkLoggerProvider::builder().with_resource(resource);
            if let Some(protocol) = wanted.otlp {
                let exporter =
                    exporter!(LogExporter, protocol, Signal::Logs, endpoint, telemetry, variables, queue);
                let exporter = Limited { inner: exporter, queue: queue.clone() };
                let config = LogConfig::default().with_max_queue_size(size).build();
                let batches = BatchLogProcessor::builder(exporter).with_batch_config(config).build();
                provider = provider.with_log_processor(Limited { inner: batches, queue: queue.clone() });
            }
            #[cfg(feature = "console")]
            if wanted.console {
                provider = provider.with_simple_exporter(opentelemetry_stdout::LogExporter::default());
            }
            let provider = provider.build();
            self = self.logger_provider(&provider);
            telemetry.logs = Some((provider, queue));
        }
        telemetry.attached = Some(self.attach().map_err(|error| match error {
            AttachError::AlreadyAttached(id) => InstallError::AlreadyInstalled(id),
            other => InstallError::Exporter(other.to_string()),
        })?);
        Ok(telemetry)
    }
}

/// Where a signal goes.
#[derive(Clone, Copy)]
struct Wanted {
    otlp: Option<Protocol>,
    #[cfg_attr(not(feature = "console"), allow(dead_code, reason = "refused without the feature"))]
    console: bool,
}

impl From<ExporterBuildError> for InstallError {
    fn from(error: ExporterBuildError) -> Self {
        Self::Exporter(error.to_string())
    }
}

/// The HTTP client: a blocking one, since the SDK exports from threads of its own, where the asynchronous
/// client, which another crate's features may turn on, would not run.
fn client(signal: Signal, variables: Variables<'_>) -> Result<reqwest::blocking::Client, InstallError> {
    let timeout = signal.timeout(variables)?;
    // It starts a runtime of its own, which is not allowed inside another.
    let built = std::thread::spawn(move || reqwest::blocking::Client::builder().timeout(timeout).build());
    match built.join() {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(InstallError::Exporter(error.to_string())),
        Err(_) => Err(InstallError::Exporter("the HTTP client cannot be built".to_owned())),
    }
}
