//! Spans of functions.

use std::panic::resume_unwind;

use super::live::{Live, Measured};
use super::start::Start;
use super::stop::Stop;

/// Runs an observed function: start, the work, then stop or exception.
#[cold]
#[inline(never)]
pub fn run<R>(
    start: Start<'_>,
    work: impl FnOnce() -> R,
    stop: impl for<'r> FnOnce(&'r R, &mut Stop<'r>),
) -> R {
    let mut live = Live::begin(start);
    match live.within(work) {
        Ok(returned) => {
            live.stop(Measured::default(), |keys| stop(&returned, keys));
            returned
        }
        Err((panicked, payload)) => {
            live.panicked(Measured::default(), panicked);
            resume_unwind(payload)
        }
    }
}
