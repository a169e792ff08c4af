//! Attaching the bridge to the user's own providers.

use std::borrow::Borrow;
use std::fmt;
use std::time::{Duration, Instant};

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::{Logger, LoggerProvider};
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::trace::{Span, Tracer, TracerProvider};
use telemetry_runtime::{AttachError, OwnedEvent, attach_hook, detach_hook};

use crate::bridge::current::ForeignSpans;
use crate::bridge::hook::{Bridge, SpanSource};
use crate::bridge::replay::Replay;
use crate::config::content::{Content, ContentKind};
use crate::config::convention::Convention;
use crate::config::options::Options;
use crate::logs::LogSink;
use crate::mapping::names;
use crate::metrics::Instruments;

type Make<T> = Box<dyn FnOnce(InstrumentationScope) -> T>;

/// Sends events to OpenTelemetry: traces, metrics and logs, each if a provider for it is given.
///
/// Nothing else is taken: the process's own providers, propagators and error handlers stay as they
/// are.
///
/// ```
/// use opentelemetry_sdk::metrics::SdkMeterProvider;
/// use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
/// use telemetry_runtime::tool_call;
///
/// #[tool_call]
/// fn add(a: i32, b: i32) -> i32 {
///     a + b
/// }
///
/// let exporter = InMemorySpanExporter::default();
/// let tracers = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
/// let meters = SdkMeterProvider::default();
///
/// let attached = telemetry_otel::builder().tracer_provider(&tracers).meter_provider(&meters).attach()?;
/// add(1, 2);
/// assert_eq!(exporter.get_finished_spans()?[0].name, "execute_tool add");
/// drop(attached);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Builder {
    id: String,
    options: Options,
    spans: Option<Make<Box<dyn SpanSource>>>,
    meter: Option<Make<Meter>>,
    logs: Option<Make<Box<dyn LogSink>>>,
    #[cfg(feature = "otlp")]
    pub(crate) endpoint: Option<String>,
    /// Of a provider that this crate made.
    pub(crate) foreign: Option<std::sync::Arc<ForeignSpans>>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("id", &self.id)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What to export and where to. See [`Builder`].
pub fn builder() -> Builder {
    Builder {
        id: "opentelemetry".to_owned(),
        options: Options::from_env(),
        spans: None,
        meter: None,
        logs: None,
        #[cfg(feature = "otlp")]
        endpoint: None,
        foreign: None,
    }
}

impl Builder {
    /// Spans go there.
    #[must_use]
    pub fn tracer_provider<P>(mut self, provider: &P) -> Self
    where
        P: TracerProvider + Clone + 'static,
        P::Tracer: Tracer<Span: Span + Send + Sync + 'static> + Send + Sync + 'static,
    {
        let provider = provider.clone();
        self.spans = Some(Box::new(move |scope| Box::new(provider.tracer_with_scope(scope))));
        self
    }

    /// Metrics go there.
    #[must_use]
    pub fn meter_provider(mut self, provider: &(impl MeterProvider + Clone + 'static)) -> Self {
        let provider = provider.clone();
        self.meter = Some(Box::new(move |scope| provider.meter_with_scope(scope)));
        self
    }

    /// Log records go there.
    #[must_use]
    pub fn logger_provider<P>(mut self, provider: &P) -> Self
    where
        P: LoggerProvider + Clone + 'static,
        P::Logger: Logger + Send + Sync + 'static,
    {
        let provider = provider.clone();
        self.logs = Some(Box::new(move |scope| Box::new(provider.logger_with_scope(scope))));
        self
    }

    /// The version of the conventions. By default 1.41.1, unless `OTEL_SEMCONV_STABILITY_OPT_IN` has
    /// `gen_ai_latest_experimental`.
    #[must_use]
    pub fn convention(mut self, convention: Convention) -> Self {
        self.options.convention = convention;
        self
    }

    /// Whether content leaves the process. By default it does not, unless
    /// `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` is `true`.
    #[must_use]
    pub fn content(mut self, content: Content) -> Self {
        self.options.content = content;
        self
    }

    /// Hides kinds of content although [`content`](Self::content) lets it leave the process. By default
    /// what the variables `OPENINFERENCE_HIDE_*` say.
    #[must_use]
    pub fn hide(mut self, kinds: impl IntoIterator<Item = ContentKind>) -> Self {
        self.options.hidden.extend(kinds);
        self
    }

    /// Passes each text of content through a function before it leaves the process: `Some` replaces it,
    /// `None` keeps it. Names, ids and what errors say do not pass through it.
    ///
    /// ```
    /// let builder = telemetry_otel::builder()
    ///     .mask(|_kind, text| text.contains('@').then(|| "[an address]".to_owned()));
    /// ```
    #[must_use]
    pub fn mask<F>(mut self, mask: F) -> Self
    where
        F: Fn(ContentKind, &str) -> Option<String> + Send + Sync + 'static,
    {
        self.options.mask = Some(std::sync::Arc::new(mask));
        self
    }

    /// Whether an agent is shown by its whole path, as `shop::desk::Clerk`. By default its last segment,
    /// `Clerk`, is its name.
    #[must_use]
    pub fn full_agent_names(mut self, full_agent_names: bool) -> Self {
        self.options.full_agent_names = full_agent_names;
        self
    }

    /// The prices, in US dollars, of calls for which the provider gives no cost; `None` for no cost. By
    /// default the table that is built in.
    #[cfg(feature = "prices")]
    #[must_use]
    pub fn prices(mut self, prices: impl Into<Option<telemetry_llm::prices::Prices>>) -> Self {
        self.options.prices = prices.into();
        self
    }

    /// Keys of your own that are content, beside those that have a structure.
    ///
    /// Strings and numbers under keys of your own are exported as they are, since you named them.
    #[must_use]
    pub fn content_keys<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.options.content_keys.extend(keys.into_iter().map(Into::into));
        self
    }

    /// Whether spans have `OpenInference`'s attributes too, without which Phoenix shows empty lists.
    /// By default they have.
    #[must_use]
    pub fn openinference(mut self, openinference: bool) -> Self {
        self.options.openinference = openinference;
        self
    }

    /// Whether failures and evaluations are events on their spans too, for backends that show those and no log
    /// records. By default they are where no log records are exported, else not, as the conventions ask. An evaluation of a span
    /// that has ended is a log record alone.
    #[must_use]
    pub fn exception_events(mut self, exception_events: bool) -> Self {
        self.options.exception_events = Some(exception_events);
        self
    }

    /// Whether a span is seen as soon as it begins. By default it is seen when it ends, as OpenTelemetry exports
    /// spans.
    ///
    /// With this each span that is sampled has one inside that is named `{name} started`, has no length and is exported at
    /// once, with `telemetry.span.started`, the agent and the conversation: what hangs, or was killed, is a start
    /// without the span around it. Backends that take traces alone show it too. It doubles the number of spans.
    #[must_use]
    pub fn start_spans(mut self, start_spans: bool) -> Self {
        self.options.start_spans = start_spans;
        self
    }

    /// Whether a panic's stack trace is exported. By default it is not: resolving its frames takes
    /// milliseconds, and shows paths.
    #[must_use]
    pub fn stacktraces(mut self, stacktraces: bool) -> Self {
        self.options.stacktraces = stacktraces;
        self
    }

    /// Whether a future that was dropped unfinished is an error. By default it is marked and counted,
    /// and no error.
    #[must_use]
    pub fn cancelled_is_error(mut self, cancelled_is_error: bool) -> Self {
        self.options.cancelled_is_error = cancelled_is_error;
        self
    }

    /// Error types (`"NotFound"`) that do not count as failures in spans and metrics.
    #[must_use]
    pub fn expected_errors<E: Into<String>>(mut self, error_types: impl IntoIterator<Item = E>) -> Self {
        self.options.expected_errors.extend(error_types.into_iter().map(Into::into));
        self
    }

    /// Whether an agent's span has the tokens and the cost of its own model calls, summed. By default it has, as the conventions
    /// recommend. A backend that adds up the tokens of all spans counts them twice, and one that takes those of the outermost span
    /// for all leaves out those of sub-agents: for these, turn it off.
    #[must_use]
    pub fn agent_sums(mut self, agent_sums: bool) -> Self {
        self.options.agent_sums = agent_sums;
        self
    }

    /// The most attributes of an exported span. By default the value of
    /// `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`, else 128. A span that would have more has their number in
    /// `telemetry.attributes.dropped`.
    #[must_use]
    pub fn attribute_limit(mut self, attribute_limit: usize) -> Self {
        self.options.limits.count = attribute_limit;
        self
    }

    /// What it is attached as, for a program that has more than one.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Where the collector is that [`install`](Self::install) sends to: `http://localhost:4318`. It
    /// goes before what the variables say.
    #[cfg(feature = "otlp")]
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// How many attributes a span may have.
    #[cfg(feature = "otlp")]
    pub(crate) fn span_attributes(&self) -> usize {
        self.options.limits.count
    }

    #[cfg(feature = "otlp")]
    pub(crate) fn has_tracer_provider(&self) -> bool {
        self.spans.is_some()
    }

    #[cfg(feature = "otlp")]
    pub(crate) fn has_meter_provider(&self) -> bool {
        self.meter.is_some()
    }

    #[cfg(feature = "otlp")]
    pub(crate) fn has_logger_provider(&self) -> bool {
        self.logs.is_some()
    }

    /// From now on events are exported, until what is returned is dropped.
    ///
    /// # Errors
    /// When one of that id is attached.
    pub fn attach(self) -> Result<AttachGuard, AttachError> {
        let scope = || {
            let scope = InstrumentationScope::builder(names::SCOPE).with_version(env!("CARGO_PKG_VERSION"));
            match self.options.convention.schema_url() {
                Some(url) => scope.with_schema_url(url).build(),
                None => scope.build(),
            }
        };
        let instruments = self.meter.map(|make| Instruments::new(&make(scope()), self.options.convention));
        let spans = self.spans.map(|make| make(scope()));
        let logs = self.logs.map(|make| make(scope()));
        let bridge = Bridge::new(spans, instruments, logs, self.options.clone(), self.foreign);
        attach_hook(&self.id, bridge.clone())?;
        Ok(AttachGuard { id: self.id, bridge, since: Instant::now() })
    }
}

/// Events are exported as long as this is kept. Spans that are open when it is dropped are still
/// exported when they end.
#[must_use = "events are exported only as long as this is kept"]
pub struct AttachGuard {
    id: String,
    bridge: Bridge,
    since: Instant,
}

impl fmt::Debug for AttachGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachGuard").field("id", &self.id).finish_non_exhaustive()
    }
}

impl AttachGuard {
    /// Exports events of a recording, with their own times, and returns how many spans there were.
    ///
    /// Spans and log records are exported as if they happened then; their ids are new, and metrics, which have no times of
    /// their own, are left alone. A span that the recording has no end of is cancelled at its last moment.
    ///
    /// ```
    /// use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
    /// use telemetry_runtime::testing;
    ///
    /// let capture = testing::capture();
    /// capture.scope(|| telemetry_runtime::in_span!(agent, agent = "Guide"; || ()));
    /// // As `Recording::read("runs.jsonl")?` gives it.
    /// let recording = capture.recording();
    ///
    /// let exporter = InMemorySpanExporter::default();
    /// let tracers = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    /// let attached = telemetry_otel::builder().tracer_provider(&tracers).attach()?;
    /// assert_eq!(attached.replay(recording.events()), 1);
    /// assert_eq!(exporter.get_finished_spans()?[0].name, "invoke_agent Guide");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn replay(&self, events: impl IntoIterator<Item = impl Borrow<OwnedEvent>>) -> usize {
        let mut replay = Replay::new(&self.bridge);
        for event in events {
            replay.event(event.borrow());
        }
        replay.finish()
    }
}

/// A guard that is dropped sooner than this, with no span seen, was hardly meant to be.
const AT_ONCE: Duration = Duration::from_millis(50);

impl Drop for AttachGuard {
    fn drop(&mut self) {
        let _ = detach_hook(&self.id);
        if !self.bridge.has_seen_spans() && self.since.elapsed() < AT_ONCE {
            tracing::warn!(
                target: "telemetry",
                "the export `{}` ended as soon as it began: what `attach` and `install` return must be kept, as in \
                 `let telemetry = ..`, and not in `let _ = ..`",
                self.id
            );
        }
    }
}
