//! Spans of functions.

use std::panic::resume_unwind;

use super::lifecycle::Measured;
use super::one_call::one_call;
use super::start::begin;
use super::state::Span;
use super::stop::Stop;
use crate::panics;
use crate::registry::SpanSite;

/// Where a function's work puts its span, which it captures for itself: the arguments stay where they are.
#[derive(Default)]
pub struct Starting<'a> {
    span: Option<Span<'a>>,
}

impl<'a> Starting<'a> {
    /// Captures, begins, and makes the span's context current. Without a place it does nothing.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "vanishes where no handler listens")]
    pub fn begin(place: Option<&mut Self>, site: &'static SpanSite, capture: impl FnOnce(&mut Span<'a>)) {
        if let Some(place) = place {
            place.begin_here(site, capture);
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_here(&mut self, site: &'static SpanSite, capture: impl FnOnce(&mut Span<'a>)) {
        begin(site, &mut self.span, &mut one_call(capture));
        if let Some(span) = &mut self.span {
            span.begin();
            span.enter();
        }
    }
}

/// Makes the compiler infer a closure that is called once, with a place for its span.
#[inline(always)]
#[allow(clippy::inline_always, reason = "vanishes")]
pub fn starting<'a, R, F: FnOnce(Option<&mut Starting<'a>>) -> R>(work: F) -> F {
    work
}

/// Runs a function that may be observed: start, the work, then stop or exception.
#[cold]
#[inline(never)]
pub fn run<'a, R>(
    work: impl FnOnce(Option<&mut Starting<'a>>) -> R,
    stop: impl for<'r> FnOnce(&'r R, &mut Stop<'r>),
) -> R {
    let mut starting = Starting::default();
    let result = panics::watch(|| work(Some(&mut starting)));
    let Some(span) = &mut starting.span else {
        return result.unwrap_or_else(|(_, payload)| resume_unwind(payload));
    };
    span.leave();
    match result {
        Ok(returned) => {
            span.stop(Measured::default(), &mut one_call(|keys| stop(&returned, keys)));
            returned
        }
        Err((panicked, payload)) => {
            span.unfinished(Some(panicked));
            resume_unwind(payload)
        }
    }
}
