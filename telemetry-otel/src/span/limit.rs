//! Saying that something was left out: never silently, and never once for each span.

use std::sync::atomic::{AtomicBool, Ordering};

/// Logs, once for the process, that a span had more attributes than it may.
#[cold]
pub(crate) fn warn_attributes(dropped: usize, limit: usize) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            target: "telemetry",
            "a span had {dropped} attributes more than the {limit} it may have; such spans say how many in \
             `{}`, and OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT raises the limit",
            crate::span::attributes::DROPPED,
        );
    }
}
