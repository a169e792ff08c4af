//! Metrics over the telemetry events of LLM agents, for every exporter of the [`metrics`] facade.
//!
//! A metric is a definition: which event, which of its measurements, by which keys. The five kinds are those of Elixir's
//! `telemetry_metrics`. The compiler checks event, measurement and keys of documented events, and suggests the nearest name.
//!
//! ```
//! use telemetry_metrics::{counter, distribution, recommended, sum};
//! use telemetry_runtime::Event;
//!
//! let mut metrics = recommended();
//! metrics.extend([
//!     counter!("condukt.tool_call.stop", tags("tool", "status")),
//!     distribution!("condukt.operation.stop.duration", tags("operation")),
//!     sum!("condukt.compact.stop.before"),
//!     sum!("shop.cache.lookup.count", tags("key")), // an event of your own
//!     counter!("condukt.tool_call.stop", tags("tool")).name("shop_refunds").keep(|event: &Event<'_>| {
//!         event.metadata().get_str("tool") == Some("refund")
//!     }),
//! ]);
//!
//! // A recorder first, such as `metrics_exporter_prometheus::PrometheusBuilder::new().install()`.
//! telemetry_metrics::attach("metrics", metrics)?;
//! # telemetry_runtime::detach("metrics")?;
//! # Ok::<(), telemetry_runtime::AttachError>(())
//! ```
//!
//! | definition | what it is | in the facade |
//! |---|---|---|
//! | [`counter!`] | how many events | a counter |
//! | [`sum!`] | a measurement, added up | a counter; a gauge where values have fractions, as seconds and money have |
//! | [`last_value!`] | a measurement as it was last | a gauge |
//! | [`summary!`] | a measurement, for quantiles | a histogram |
//! | [`distribution!`] | a measurement in buckets | a histogram; [`Metric::buckets`] are for the exporter, see [`buckets`] |
//!
//! A span's `duration`, and every other measurement that the catalogue has in nanoseconds, is reported in seconds, unless
//! [`Metric::unit`] sets another unit. By default a metric's name is the event's with the measurement; dots and question
//! marks are for the exporter to replace.
//!
//! Tags become labels. An event without the key has the empty label. A label is cut at 128 bytes, and a metric with more
//! than 2,000 combinations of labels calls the rest `other`: what a model wrote cannot fill the memory.
//!
//! [`metrics`]: https://docs.rs/metrics

#![forbid(unsafe_code)]

mod metric;
mod recommended;
mod reporter;

pub use metric::{Kind, Metric, MetricValue, value_kind};
pub use metrics::Unit;
pub use recommended::recommended;
pub use reporter::{Reporter, attach, buckets};

#[doc(hidden)]
pub mod __private {
    pub use telemetry_macros::__metric as metric;
}

/// Defines how many events there were: `counter!("EVENT", tags("KEY", ..))`.
///
/// ```
/// let calls = telemetry_metrics::counter!("condukt.tool_call.stop", tags("tool", "status"));
/// assert_eq!(calls.name_str(), "condukt.tool_call.stop.count");
/// ```
///
/// A counter counts events, whatever they measure:
///
/// ```compile_fail
/// telemetry_metrics::counter!("condukt.tool_call.stop.count");
/// ```
#[macro_export]
macro_rules! counter {
    ($($definition:tt)*) => { $crate::__private::metric!($crate counter $($definition)*) };
}

/// Defines a measurement, added up: `sum!("EVENT.MEASUREMENT", tags("KEY", ..))`, or of a value that is read from the event:
///
/// ```
/// use telemetry_metrics::sum;
/// use telemetry_runtime::Event;
///
/// let before = sum!("condukt.compact.stop.before", tags("agent"));
/// let named = sum!("condukt.secrets.resolve", value = |event: &Event<'_>| -> Option<u64> {
///     Some(event.metadata().get("names")?.to_json().as_array()?.len() as u64)
/// });
/// # let _ = (before, named);
/// ```
#[macro_export]
macro_rules! sum {
    ($($definition:tt)*) => { $crate::__private::metric!($crate sum $($definition)*) };
}

/// Defines a measurement as it was last: `last_value!("EVENT.MEASUREMENT", tags("KEY", ..))`, or with `value = |event| ..`.
///
/// ```
/// let after = telemetry_metrics::last_value!("condukt.compact.stop.after", tags("session_id"));
/// # let _ = after;
/// ```
#[macro_export]
macro_rules! last_value {
    ($($definition:tt)*) => { $crate::__private::metric!($crate last_value $($definition)*) };
}

/// Defines a measurement for quantiles: `summary!("EVENT.MEASUREMENT", tags("KEY", ..))`, or with `value = |event| ..`.
///
/// ```
/// let took = telemetry_metrics::summary!("condukt.llm_turn.stop.duration", tags("model"));
/// # let _ = took;
/// ```
///
/// ```compile_fail
/// telemetry_metrics::summary!("condukt.llm_turn.stop.durations"); // did you mean `duration`?
/// ```
#[macro_export]
macro_rules! summary {
    ($($definition:tt)*) => { $crate::__private::metric!($crate summary $($definition)*) };
}

/// Defines a measurement in buckets: `distribution!("EVENT.MEASUREMENT", tags("KEY", ..))`, or with `value = |event| ..`.
///
/// ```
/// let took = telemetry_metrics::distribution!("condukt.agent.stop.duration", tags("agent")).buckets(&[0.1, 1.0, 10.0]);
/// # let _ = took;
/// ```
#[macro_export]
macro_rules! distribution {
    ($($definition:tt)*) => { $crate::__private::metric!($crate distribution $($definition)*) };
}
