//! The handler that feeds the facade.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder, SharedString};
use telemetry_runtime::{AttachError, Attachment, Event, Handler, Needs, Pattern, Value};

use crate::metric::{Kind, Metric, Number, Tag};

/// How long a label may be, in bytes.
const MAX_LABEL_BYTES: usize = 128;
/// How many combinations of labels a metric may have.
const MAX_SERIES: usize = 2000;
/// What the labels of further combinations are.
const OTHER: &str = "other";

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// Attaches the metrics as a handler, and describes them to the recorder that is installed.
///
/// ```
/// use telemetry_metrics::counter;
///
/// let attached = telemetry_metrics::attach("tools", [counter!("condukt.tool_call.stop", tags("tool"))])?;
/// # let _guard = attached.detach_on_drop();
/// # Ok::<(), telemetry_runtime::AttachError>(())
/// ```
///
/// # Errors
/// If a handler of that id is attached.
pub fn attach(id: &str, metrics: impl IntoIterator<Item = Metric>) -> Result<Attachment, AttachError> {
    let reporter = Reporter::new(metrics);
    telemetry_runtime::attach(id, reporter.events(), reporter)
}

/// The names of distributions with the bounds of their buckets, for an exporter that needs them in advance:
/// `builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), bounds)`.
///
/// ```
/// use telemetry_metrics::{buckets, recommended};
///
/// assert!(buckets(&recommended()).any(|(name, _)| name == "condukt.agent.stop.duration"));
/// ```
pub fn buckets(metrics: &[Metric]) -> impl Iterator<Item = (&str, &[f64])> {
    let has_buckets = |metric: &&Metric| !metric.buckets.is_empty();
    metrics.iter().filter(has_buckets).map(|metric| (&*metric.name, &*metric.buckets))
}

/// A handler that feeds the recorder of the `metrics` facade: the one that is installed, or local to the thread.
///
/// [`attach`] attaches one to all of a process. For one context alone:
///
/// ```
/// use telemetry_metrics::{Reporter, counter};
/// use telemetry_runtime::Context;
///
/// let reporter = Reporter::new([counter!("condukt.tool_call.stop")]);
/// let context = Context::current().with_handler(reporter.events(), reporter);
/// # let _ = context;
/// ```
pub struct Reporter {
    by_event: HashMap<&'static str, Vec<Series>>,
    needs: Needs,
}

/// A metric and the combinations of labels that it has had.
struct Series {
    metric: Metric,
    seen: Mutex<HashSet<u64>>,
}

impl Reporter {
    /// Makes one of those metrics, and describes them to the recorder.
    pub fn new(metrics: impl IntoIterator<Item = Metric>) -> Self {
        let mut reporter = Self { by_event: HashMap::new(), needs: Needs::NONE };
        for metric in metrics {
            metrics::with_recorder(|recorder| describe(recorder, &metric));
            reporter.needs = reporter.needs.and(metric.needs());
            let series = Series { seen: Mutex::default(), metric };
            reporter.by_event.entry(series.metric.event).or_default().push(series);
        }
        reporter
    }

    /// The events it receives.
    pub fn events(&self) -> Vec<Pattern> {
        self.by_event.keys().filter_map(|name| Pattern::parse(*name).ok()).collect()
    }
}

impl Handler for Reporter {
    fn handle(&self, event: &Event<'_>) {
        for series in self.by_event.get(event.name()).into_iter().flatten() {
            let metric = &series.metric;
            if metric.keep.as_ref().is_some_and(|keep| !keep(event)) {
                continue;
            }
            if let Some(value) = metric.value(event) {
                let key = Key::from_parts(SharedString::from(metric.name.clone()), series.labels(event));
                metrics::with_recorder(|recorder| feed(recorder, metric, &key, value));
            }
        }
    }

    fn needs(&self) -> Needs {
        self.needs
    }
}

impl Series {
    fn labels(&self, event: &Event<'_>) -> Vec<Label> {
        static HASHER: std::sync::OnceLock<RandomState> = std::sync::OnceLock::new();
        let tags = &self.metric.tags;
        let mut values: Vec<Cow<'static, str>> = tags.iter().map(|tag| label(tag, event).into()).collect();
        if !tags.is_empty() {
            let hash = HASHER.get_or_init(RandomState::new).hash_one(&values);
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if !seen.contains(&hash) {
                if seen.len() < MAX_SERIES {
                    seen.insert(hash);
                } else {
                    values.fill(OTHER.into());
                }
            }
        }
        tags.iter().zip(values).map(|(tag, value)| Label::new(tag.name(), value)).collect()
    }
}

fn label(tag: &Tag, event: &Event<'_>) -> String {
    let mut text = match tag {
        Tag::Key(key) => event.metadata().get(key).map(|value| text_of(&value)).unwrap_or_default(),
        Tag::Read(_, read) => read(event).unwrap_or_default(),
    };
    text.truncate(cut(&text).len());
    text
}

/// As much of a text as a label may have, in whole characters.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_LABEL_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A value as a label: texts, numbers and flags. A list or a map has too many values to be one.
fn text_of(value: &Value<'_>) -> String {
    if let Some(text) = value.as_str() {
        return cut(text).to_owned();
    }
    let scalar = value
        .as_bool()
        .map(|flag| flag.to_string())
        .or_else(|| value.as_i64().map(|number| number.to_string()));
    scalar.or_else(|| value.as_f64().map(|number| number.to_string())).unwrap_or_default()
}

fn describe(recorder: &dyn Recorder, metric: &Metric) {
    let name = || KeyName::from(metric.name.to_string());
    let text = || SharedString::from(metric.description.clone());
    match (metric.kind, metric.is_float()) {
        (Kind::counter, _) | (Kind::sum, false) => recorder.describe_counter(name(), metric.unit, text()),
        (Kind::sum, true) | (Kind::last_value, _) => recorder.describe_gauge(name(), metric.unit, text()),
        (Kind::summary | Kind::distribution, _) => recorder.describe_histogram(name(), metric.unit, text()),
    }
}

fn feed(recorder: &dyn Recorder, metric: &Metric, key: &Key, value: Number) {
    #[allow(clippy::cast_precision_loss, reason = "the facade's gauges and histograms are `f64`")]
    let float = match value {
        Number::Integer(value) => value as f64,
        Number::Float(value) => value,
    };
    match (metric.kind, value) {
        (Kind::counter | Kind::sum, Number::Integer(value)) if !metric.is_float() => {
            recorder.register_counter(key, &METADATA).increment(value);
        }
        // A measurement of one's own that has a fraction, where none is expected: the counter stays one.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is rounded"
        )]
        (Kind::counter | Kind::sum, Number::Float(value)) if !metric.is_float() => {
            recorder.register_counter(key, &METADATA).increment(value.round() as u64);
        }
        (Kind::counter | Kind::sum, _) => recorder.register_gauge(key, &METADATA).increment(float),
        (Kind::last_value, _) => recorder.register_gauge(key, &METADATA).set(float),
        (Kind::summary | Kind::distribution, _) => recorder.register_histogram(key, &METADATA).record(float),
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = self.by_event.values().flatten().map(|series| &series.metric);
        f.debug_list().entries(metrics).finish()
    }
}
