//! Spans of functions.

use std::panic::resume_unwind;

use super::lifecycle::Measured;
use super::state::Span;
use super::stop::Stop;

/// Runs a function: if it is observed, start, the work, then stop or exception.
#[cold]
#[inline(never)]
pub fn run<R>(
    span: &mut Option<Span<'_>>,
    work: impl FnOnce() -> R,
    stop: impl for<'r> FnOnce(&'r R, &mut Stop<'r>),
) -> R {
    let Some(span) = span else { return work() };
    span.begin();
    match span.within(work) {
        Ok(returned) => {
            span.stop(Measured::default(), |keys| stop(&returned, keys));
            returned
        }
        Err((panicked, payload)) => {
            span.panicked(Measured::default(), panicked, |_| {});
            resume_unwind(payload)
        }
    }
}
