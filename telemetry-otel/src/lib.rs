//! LLM-agent telemetry as OpenTelemetry traces, metrics and logs.

#![forbid(unsafe_code)]

mod bridge;
mod builder;
mod content;
mod convention;
mod ending;
mod gather;
mod logs;
mod lost;
mod mapping;
mod messages;
mod metrics;
mod names;
mod options;
#[cfg(feature = "otlp")]
mod otlp;
mod provider;
mod sheet;
mod truncate;
mod usage;
mod value;

pub use builder::{Attached, Builder, builder};
pub use content::Content;
pub use convention::Convention;
#[cfg(feature = "otlp")]
pub use otlp::{Delivery, InstallError, ShutdownError, Telemetry, install};

/// The instrumentation scope of all that is exported.
pub(crate) const SCOPE: &str = "telemetry-otel";
