//! What keeps an installed export running, and ends it.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use telemetry_runtime::OwnedEvent;

use super::env::{InstallError, Protocol};
use super::queue_limit::{ExportStats, QueueLimit};
use crate::builder::AttachGuard;

/// An export that is running. Kept as long as events are to be exported; when it is dropped, what
/// waits is sent, for at most five seconds or the limit of [`with_time_limit`](Self::with_time_limit).
///
/// ```no_run
/// let export = telemetry_otel::install()?;
/// // The program runs.
/// let spans = export.spans();
/// println!("{} spans exported, {} lost", spans.exported, spans.lost());
/// export.shutdown()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
#[must_use = "events are exported only as long as this is kept"]
pub struct OtlpExport {
    pub(super) attached: Option<AttachGuard>,
    pub(super) traces: Option<(SdkTracerProvider, Arc<QueueLimit>)>,
    pub(super) metrics: Option<(SdkMeterProvider, Arc<QueueLimit>)>,
    pub(super) logs: Option<(SdkLoggerProvider, Arc<QueueLimit>)>,
    pub(super) runtime: Runtime,
    time_limit: Option<Duration>,
    ended: bool,
}

/// The time that an export is given to end, by default.
const TIME_LIMIT: Duration = Duration::from_secs(5);

impl OtlpExport {
    /// The same, with another limit for the time that its end may take.
    pub fn with_time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = Some(time_limit);
        self
    }

    /// The provider of spans, for other libraries in the process; `None` where spans go elsewhere.
    pub fn tracer_provider(&self) -> Option<&SdkTracerProvider> {
        self.traces.as_ref().map(|(provider, _)| provider)
    }

    /// The provider of metrics.
    pub fn meter_provider(&self) -> Option<&SdkMeterProvider> {
        self.metrics.as_ref().map(|(provider, _)| provider)
    }

    /// The provider of log records.
    pub fn logger_provider(&self) -> Option<&SdkLoggerProvider> {
        self.logs.as_ref().map(|(provider, _)| provider)
    }

    /// What became of the spans so far.
    pub fn spans(&self) -> ExportStats {
        self.traces.as_ref().map(|(_, queue)| queue.stats()).unwrap_or_default()
    }

    /// What became of the log records so far.
    pub fn log_records(&self) -> ExportStats {
        self.logs.as_ref().map(|(_, queue)| queue.stats()).unwrap_or_default()
    }

    /// What became of the exports of metrics so far. What one of them could not send is in the next.
    pub fn metric_exports(&self) -> ExportStats {
        self.metrics.as_ref().map(|(_, queue)| queue.stats()).unwrap_or_default()
    }

    /// Sends what waits now, within the time limit, and goes on: for a process that is frozen between two
    /// requests.
    ///
    /// # Errors
    /// When something is not confirmed within the time limit, or was lost since the export began.
    pub fn flush(&self) -> Result<(), ShutdownError> {
        let limit = self.time_limit.unwrap_or(TIME_LIMIT);
        let deadline = Instant::now() + limit;
        let before: Vec<u64> = self.queues().map(|queue| queue.stats().lost()).collect();
        let flushes = [
            in_time(self.traces.clone().map(|(provider, _)| provider), limit, |provider, _| {
                provider.force_flush()
            }),
            in_time(self.metrics.clone().map(|(provider, _)| provider), limit, |provider, _| {
                provider.force_flush()
            }),
            in_time(self.logs.clone().map(|(provider, _)| provider), limit, |provider, _| {
                provider.force_flush()
            }),
        ];
        let mut errors = Vec::new();
        for ((queue, flushed), before) in self.queues().zip(flushes.into_iter().flatten()).zip(before) {
            let left = deadline.saturating_duration_since(Instant::now());
            match flushed.recv_timeout(left) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => errors.push(format!("{}: {error}", queue.what())),
                Err(_) => errors.push(format!("{} not confirmed within {limit:?}", queue.what())),
            }
            let stats = queue.stats();
            if stats.lost() > before {
                let lost = stats.lost() - before;
                let why = stats.last_error.map(|why| format!(" ({why})")).unwrap_or_default();
                errors.push(format!("{} lost: {lost}{why}", queue.what()));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(ShutdownError { errors }) }
    }

    /// Exports events of a recording, with their own times: see [`AttachGuard::replay`]. What finds no room in the queue is
    /// dropped and counted, as all else is: a large recording takes a larger `OTEL_BSP_MAX_QUEUE_SIZE`.
    pub fn replay(&self, events: impl IntoIterator<Item = impl Borrow<OwnedEvent>>) -> usize {
        self.attached.as_ref().map_or(0, |attached| attached.replay(events))
    }

    fn queues(&self) -> impl Iterator<Item = &Arc<QueueLimit>> {
        let traces = self.traces.iter().map(|(_, queue)| queue);
        let metrics = self.metrics.iter().map(|(_, queue)| queue);
        traces.chain(metrics).chain(self.logs.iter().map(|(_, queue)| queue))
    }

    /// Ends the export: sends what waits, within the time limit.
    ///
    /// # Errors
    /// When something could not be sent, or not within the time limit. The errors say what was lost.
    pub fn shutdown(mut self) -> Result<(), ShutdownError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), ShutdownError> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        self.attached = None;
        let limit = self.time_limit.unwrap_or(TIME_LIMIT);
        let deadline = Instant::now() + limit;
        let traces = self.traces.clone().map(|(provider, _)| provider);
        let metrics = self.metrics.clone().map(|(provider, _)| provider);
        let logs = self.logs.clone().map(|(provider, _)| provider);
        // One after the other, a collector that hangs would get the limit three times; and not all
        // parts of the SDK keep to it.
        let ends = [
            in_time(traces, limit, |provider, limit| provider.shutdown_with_timeout(limit)),
            in_time(metrics, limit, |provider, limit| provider.shutdown_with_timeout(limit)),
            in_time(logs, limit, |provider, limit| provider.shutdown_with_timeout(limit)),
        ];
        let gates = [
            self.traces.as_ref().map(|(_, queue)| queue),
            self.metrics.as_ref().map(|(_, queue)| queue),
            self.logs.as_ref().map(|(_, queue)| queue),
        ];
        let mut errors = Vec::new();
        for (queue, end) in gates.into_iter().zip(ends) {
            let (Some(queue), Some(end)) = (queue, end) else { continue };
            let left = deadline.saturating_duration_since(Instant::now());
            let failed = match end.recv_timeout(left) {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(format!("not done within {limit:?}")),
            };
            queue.summary();
            let stats = queue.stats();
            let lost = stats.lost();
            // What one export of metrics could not send was in the next, unless the last failed too.
            if lost > 0 && (queue.counts() || stats.queued > 0 || queue.is_out()) {
                let why = stats.last_error.clone().or(failed.clone());
                let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                errors.push(format!("{} lost: {lost}{why}", queue.what()));
            }
            if stats.queued > 0 {
                let why = failed.unwrap_or_else(|| "no answer".to_owned());
                errors.push(format!(
                    "{} not confirmed: {} ({why}); they may have arrived",
                    queue.what(),
                    stats.queued
                ));
            } else if let Some(failed) = failed {
                errors.push(format!("{}: {failed}", queue.what()));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(ShutdownError { errors }) }
    }
}

impl Drop for OtlpExport {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl fmt::Debug for OtlpExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("spans", &self.spans())
            .field("metric_exports", &self.metric_exports())
            .field("log_records", &self.log_records())
            .finish_non_exhaustive()
    }
}

/// Ends a provider in a thread of its own.
fn in_time<P: Send + 'static>(
    provider: Option<P>,
    limit: Duration,
    end: fn(&P, Duration) -> OTelSdkResult,
) -> Option<mpsc::Receiver<OTelSdkResult>> {
    let provider = provider?;
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().name("telemetry-shutdown".to_owned());
    let started = thread.spawn(move || {
        let _ = sender.send(end(&provider, limit));
    });
    started.ok().map(|_| receiver)
}

/// Not everything could be sent before the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutdownError {
    errors: Vec<String>,
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not everything was exported: {}", self.errors.join("; "))
    }
}

impl std::error::Error for ShutdownError {}

/// The runtime that gRPC needs: one of our own, so that it does not matter which the program has.
#[derive(Default)]
pub(crate) struct Runtime {
    #[cfg(feature = "grpc")]
    tokio: Option<tokio::runtime::Runtime>,
}

impl Runtime {
    #[cfg(not(feature = "grpc"))]
    pub(super) fn if_needed(_: impl Iterator<Item = Protocol>) -> Result<Self, InstallError> {
        Ok(Self::default())
    }

    #[cfg(feature = "grpc")]
    pub(super) fn if_needed(mut protocols: impl Iterator<Item = Protocol>) -> Result<Self, InstallError> {
        if protocols.any(|protocol| protocol == Protocol::Grpc) {
            let tokio = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("telemetry-grpc")
                .enable_all()
                .build()
                .map_err(|error| InstallError::Exporter(error.to_string()))?;
            return Ok(Self { tokio: Some(tokio) });
        }
        Ok(Self::default())
    }

    /// Builds something that finds its runtime around it.
    #[cfg(feature = "grpc")]
    pub(super) fn within<R>(&self, build: impl FnOnce() -> R) -> R {
        let _entered = self.tokio.as_ref().map(tokio::runtime::Runtime::enter);
        build()
    }
}

#[cfg(feature = "grpc")]
impl Drop for Runtime {
    fn drop(&mut self) {
        // Dropped as it is, it would wait, which is not allowed inside another runtime.
        if let Some(tokio) = self.tokio.take() {
            tokio.shutdown_background();
        }
    }
}
