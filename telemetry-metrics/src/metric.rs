//! One metric, as it is defined.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use metrics::Unit;
use telemetry_runtime::{Event, Needs};

/// The five kinds, in the words of `telemetry_metrics`.
#[allow(non_camel_case_types, reason = "the macros of those names write them")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// How many events.
    counter,
    /// Values, added up.
    sum,
    /// The value that was last.
    last_value,
    /// Values, for quantiles.
    summary,
    /// Values in buckets.
    distribution,
}

/// A number of an event: with a fraction or without.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Integer(u64),
    Float(f64),
}

type Reader<T> = Arc<dyn Fn(&Event<'_>) -> T + Send + Sync>;

#[derive(Clone)]
pub(crate) enum Source {
    /// One an event.
    One,
    Measurement {
        key: &'static str,
        is_duration: bool,
    },
    Integer(Reader<Option<u64>>),
    Float(Reader<Option<f64>>),
}

#[derive(Clone)]
pub(crate) enum Tag {
    Key(&'static str),
    Read(&'static str, Reader<Option<String>>),
}

impl Tag {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Key(name) | Self::Read(name, _) => name.trim_end_matches('?'),
        }
    }
}

/// Which sort of number a `value = ..` gives.
pub mod value_kind {
    /// Whole numbers.
    #[derive(Clone, Copy, Debug)]
    pub enum Integer {}

    /// Numbers with a fraction.
    #[derive(Clone, Copy, Debug)]
    pub enum Float {}
}

/// What `value = ..` may be: a closure `|event: &Event<'_>|` that gives an `Option<u64>` or an `Option<f64>`.
///
/// ```
/// use telemetry_metrics::sum;
/// use telemetry_runtime::Event;
///
/// let secrets = sum!("condukt.secrets.resolve", value = |event: &Event<'_>| -> Option<u64> {
///     event.metadata().get("names")?.to_json().as_array().map(|names| names.len() as u64)
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a metric",
    label = "expected a closure `|event: &Event<'_>| -> Option<u64>` or `-> Option<f64>`"
)]
pub trait MetricValue<K> {
    #[doc(hidden)]
    fn into_source(self) -> AnySource;
}

/// Where a value comes from.
#[doc(hidden)]
pub struct AnySource(pub(crate) Source);

impl<F: Fn(&Event<'_>) -> Option<u64> + Send + Sync + 'static> MetricValue<value_kind::Integer> for F {
    fn into_source(self) -> AnySource {
        AnySource(Source::Integer(Arc::new(self)))
    }
}

impl<F: Fn(&Event<'_>) -> Option<f64> + Send + Sync + 'static> MetricValue<value_kind::Float> for F {
    fn into_source(self) -> AnySource {
        AnySource(Source::Float(Arc::new(self)))
    }
}

/// A metric: made by [`counter!`](crate::counter), [`sum!`](crate::sum), [`last_value!`](crate::last_value),
/// [`summary!`](crate::summary) and [`distribution!`](crate::distribution), changed by the methods here.
///
/// ```
/// use telemetry_metrics::{Unit, distribution};
/// use telemetry_runtime::Event;
///
/// let slow = distribution!("condukt.tool_call.stop.duration", tags("tool"))
///     .name("slow_tools")
///     .description("Tools that took more than a second.")
///     .unit(Unit::Milliseconds)
///     .keep(|event: &Event<'_>| event.measurements().duration().is_some_and(|took| took.as_secs() > 0))
///     .tag("tenant", |event: &Event<'_>| event.metadata().get_str("tenant").map(str::to_owned));
/// assert_eq!(slow.name_str(), "slow_tools");
/// ```
#[must_use]
#[derive(Clone)]
pub struct Metric {
    pub(crate) kind: Kind,
    pub(crate) event: &'static str,
    pub(crate) name: Cow<'static, str>,
    pub(crate) description: Cow<'static, str>,
    pub(crate) source: Source,
    pub(crate) tags: Vec<Tag>,
    pub(crate) unit: Option<Unit>,
    pub(crate) keep: Option<Reader<bool>>,
    pub(crate) buckets: Vec<f64>,
    /// The keys that the closures read; `None` without a call of [`Metric::reads`].
    reads: Option<Needs>,
}

impl Metric {
    fn new(kind: Kind, event: &'static str, suffix: &str, source: Source) -> Self {
        let is_time = matches!(source, Source::Measurement { is_duration: true, .. });
        Self {
            kind,
            event,
            name: format!("{event}.{suffix}").into(),
            description: format!("{} of {event}", suffix.replace('_', " ")).into(),
            source,
            tags: Vec::new(),
            unit: is_time.then_some(Unit::Seconds),
            keep: None,
            buckets: Vec::new(),
            reads: None,
        }
    }

    #[doc(hidden)]
    pub fn __counted(event: &'static str) -> Self {
        Self::new(Kind::counter, event, "count", Source::One)
    }

    #[doc(hidden)]
    pub fn __measured(kind: Kind, event: &'static str, key: &'static str, is_duration: bool) -> Self {
        Self::new(kind, event, key, Source::Measurement { key, is_duration })
    }

    #[doc(hidden)]
    pub fn __valued<K>(kind: Kind, event: &'static str, value: impl MetricValue<K>) -> Self {
        Self::new(kind, event, "value", value.into_source().0)
    }

    #[doc(hidden)]
    pub fn __tags(mut self, keys: &[&'static str]) -> Self {
        self.tags.extend(keys.iter().map(|key| Tag::Key(key)));
        self
    }

    /// Names it. By default it is the event's name with the measurement.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Describes it, for the exporter.
    pub fn description(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.description = text.into();
        self
    }

    /// Sets the unit. A measurement is converted from nanoseconds to a unit of time; any other unit is a name alone.
    pub fn unit(mut self, unit: Unit) -> Self {
        if let (Source::Measurement { is_duration, .. }, Some(_)) = (&mut self.source, nanoseconds(unit)) {
            *is_duration = true;
        }
        self.unit = Some(unit);
        self
    }

    /// Adds a tag that is read from the event; `None` is the empty label.
    pub fn tag(
        mut self,
        name: &'static str,
        read: impl Fn(&Event<'_>) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.tags.push(Tag::Read(name, Arc::new(read)));
        self
    }

    /// Measures only the events for which it is true.
    pub fn keep(mut self, keep: impl Fn(&Event<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.keep = Some(Arc::new(keep));
        self
    }

    /// Measures only the events for which it is false.
    pub fn drop(self, drop: impl Fn(&Event<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.keep(move |event| !drop(event))
    }

    /// The upper bounds of a distribution's buckets, in its unit. The facade does not carry them: give them to the
    /// exporter by [`buckets`](crate::buckets).
    pub fn buckets(mut self, bounds: &[f64]) -> Self {
        self.buckets = bounds.to_vec();
        self
    }

    /// Sets the metadata keys that its closures read; no others are captured for it. By default all are.
    pub fn reads(mut self, keys: &[&str]) -> Self {
        self.reads = Some(Needs::keys(keys));
        self
    }

    /// Its name.
    pub fn name_str(&self) -> &str {
        &self.name
    }

    /// The event it is made from.
    pub fn event_name(&self) -> &'static str {
        self.event
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn needs(&self) -> Needs {
        let mut keys = Vec::new();
        let mut reads = self.keep.is_some() || matches!(self.source, Source::Integer(_) | Source::Float(_));
        for tag in &self.tags {
            match tag {
                Tag::Key(key) => keys.push(*key),
                Tag::Read(..) => reads = true,
            }
        }
        let by_closures = if reads { self.reads.unwrap_or(Needs::ALL) } else { Needs::NONE };
        Needs::keys(&keys).and(by_closures)
    }

    /// The number that it takes from an event.
    pub(crate) fn value(&self, event: &Event<'_>) -> Option<Number> {
        match &self.source {
            Source::One => Some(Number::Integer(1)),
            Source::Integer(read) => read(event).map(Number::Integer),
            Source::Float(read) => read(event).map(Number::Float),
            Source::Measurement { key, is_duration } => {
                let value = event.measurements().get(key)?;
                match self.unit.and_then(nanoseconds) {
                    Some(length) if *is_duration => Some(Number::Float(value.as_f64()? / length)),
                    _ => value.as_u64().map(Number::Integer).or_else(|| value.as_f64().map(Number::Float)),
                }
            }
        }
    }

    /// Whether its values have fractions.
    pub(crate) fn is_float(&self) -> bool {
        match &self.source {
            Source::Float(_) => true,
            Source::Measurement { is_duration, .. } => {
                *is_duration && self.unit.and_then(nanoseconds).is_some()
            }
            Source::One | Source::Integer(_) => false,
        }
    }
}

/// How many nanoseconds a unit of time has.
fn nanoseconds(unit: Unit) -> Option<f64> {
    match unit {
        Unit::Nanoseconds => Some(1.0),
        Unit::Microseconds => Some(1e3),
        Unit::Milliseconds => Some(1e6),
        Unit::Seconds => Some(1e9),
        _ => None,
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags: Vec<_> = self.tags.iter().map(Tag::name).collect();
        f.debug_struct("Metric")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("event", &self.event)
            .field("tags", &tags)
            .finish_non_exhaustive()
    }
}
