//! Spans of futures.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::lifecycle::Measured;
use super::one_call::one_call;
use super::start::begin;
use super::state::Span;
use super::stop::Stop;
use crate::diagnostics::NeedsBoxedFuture;
use crate::panics::Panicked;
use crate::registry::SpanSite;

/// Starts the span on the first poll. Returns `None`, and drops the span, if no handler is listening any more.
pub(super) fn ensure_started<'s, 'a>(slot: &'s mut Option<Box<Span<'a>>>) -> Option<&'s mut Span<'a>> {
    if let Some(span) = slot
        && !span.is_open()
    {
        if span.recheck_observed() {
            span.begin();
        } else {
            *slot = None;
        }
    }
    slot.as_deref_mut()
}

/// Looks whether the span of an async function that begins now is observed, and if so captures what the call was given,
/// into the box that its body will run in: what no handler sees has no room for either.
#[cold]
#[inline(never)]
pub fn begin_here<'a, F, S>(
    site: &'static SpanSite,
    capture: impl FnOnce(&mut Span<'a>),
) -> Option<Box<Observed<'a, F, S>>> {
    let mut observed = Box::new(Observed { future: None, span: None, stop: None });
    begin(site, &mut observed.span, &mut one_call(capture));
    observed.span.is_some().then_some(observed)
}

/// The body of an async function that is observed, in one box with its span.
#[cold]
#[inline(never)]
pub fn observed<'a, F, S>(
    mut observed: Box<Observed<'a, F, S>>,
    future: F,
    stop: S,
) -> Pin<Box<Observed<'a, F, S>>>
where
    F: Future,
    S: for<'r> FnOnce(&'r F::Output, &mut Stop<'r>),
{
    observed.future = Some(future);
    observed.stop = Some(stop);
    Box::into_pin(observed)
}

pin_project! {
    /// See [`observed`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Observed<'a, F, S> {
        #[pin]
        future: Option<F>,
        span: Option<Span<'a>>,
        stop: Option<S>,
    }

    impl<F, S> PinnedDrop for Observed<'_, F, S> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(span) = this.span {
                abandon_open(span, &mut || this.future.set(None), &mut Span::unfinished);
            }
        }
    }
}

impl<F: Future, S: for<'r> FnOnce(&'r F::Output, &mut Stop<'r>)> Future for Observed<'_, F, S> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(span) = this.span else {
            let Some(future) = this.future.as_pin_mut() else { polled_again() };
            return future.poll(cx);
        };
        if !span.is_open() {
            span.begin();
        }
        let result = span.within(|| {
            let Some(future) = this.future.as_mut().as_pin_mut() else { polled_again() };
            let returned = ready!(future.poll(cx));
            // What the future still holds ends before its span does.
            this.future.set(None);
            Poll::Ready(returned)
        });
        match result {
            Ok(poll) => {
                let returned = ready!(poll);
                span.stop(Measured::default(), &mut |keys| {
                    if let Some(stop) = this.stop.take() {
                        stop(&returned, keys);
                    }
                });
                Poll::Ready(returned)
            }
            Err((panicked, payload)) => {
                drop_remains(span, &mut || this.future.set(None));
                span.unfinished(Some(panicked));
                resume_unwind(payload)
            }
        }
    }
}

/// What happens when the future has returned.
pub trait Ending<'a, R> {
    /// What the instrumented future returns.
    type Output;

    /// Ends the span, if there is one, or passes it on.
    fn end(self, span: Option<Box<Span<'a>>>, returned: R) -> Self::Output;
}

/// The span stops, with keys taken from what the future returned.
pub struct Stopping<S>(S);

impl<'a, R, S: for<'r> FnOnce(&'r R, &mut Stop<'r>)> Ending<'a, R> for Stopping<S> {
    type Output = R;

    fn end(self, span: Option<Box<Span<'a>>>, returned: R) -> R {
        if let Some(mut span) = span {
            span.stop(Measured::default(), &mut one_call(|keys| self.0(&returned, keys)));
        }
        returned
    }
}

/// The span goes on, for the stream that the future returned.
pub struct PassSpan;

impl<'a, R> Ending<'a, R> for PassSpan {
    type Output = (R, Option<Box<Span<'a>>>);

    fn end(self, span: Option<Box<Span<'a>>>, returned: R) -> Self::Output {
        (returned, span)
    }
}

pin_project! {
    /// A future with a span around it, which begins at its first poll.
    #[must_use = "futures do nothing unless polled"]
    pub struct Instrumented<'a, F, S> {
        #[pin]
        future: Option<F>,
        span: Option<Box<Span<'a>>>,
        ending: Option<S>,
    }

    impl<F, S> PinnedDrop for Instrumented<'_, F, S> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            abandon(this.span, &mut || this.future.set(None), &mut Span::unfinished);
        }
    }
}

/// Drops unfinished work in its span's context, so that spans inside end first, then ends the span: `end` gets the
/// panic of a destructor, which then goes on.
pub(super) fn abandon<'a>(
    span: &mut Option<Box<Span<'a>>>,
    drop_work: &mut dyn FnMut(),
    end: &mut dyn FnMut(&mut Span<'a>, Option<Panicked>),
) {
    if let Some(mut span) = span.take() {
        abandon_open(&mut span, drop_work, end);
    }
}

/// As [`abandon`], of a span that stays in its place.
fn abandon_open<'a>(
    span: &mut Span<'a>,
    drop_work: &mut dyn FnMut(),
    end: &mut dyn FnMut(&mut Span<'a>, Option<Panicked>),
) {
    if !span.is_open() {
        return;
    }
    match span.within(drop_work) {
        Ok(()) => end(span, None),
        Err((panicked, payload)) => {
            end(span, Some(panicked));
            resume_unwind(payload)
        }
    }
}

/// Drops what panicked work still holds, as one that was joined with another does, so that spans
/// inside end before the one around them. The panic that is on its way stands for one from here.
pub(super) fn drop_remains(span: &mut Span<'_>, drop_work: &mut dyn FnMut()) {
    if let Err((_, payload)) = span.within(drop_work) {
        crate::panics::discard(payload);
    }
}

impl<'a, F: Future, S: for<'r> FnOnce(&'r F::Output, &mut Stop<'r>)> Instrumented<'a, F, Stopping<S>> {
    /// Puts a span around a future, if the call was observed.
    #[inline]
    pub fn new(span: Option<Box<Span<'a>>>, future: F, stop: S) -> Self {
        Self::ending(span, future, Stopping(stop))
    }
}

impl<'a, F: Future> Instrumented<'a, F, PassSpan> {
    /// Puts a span around a future that passes it on to the stream it returns.
    #[inline]
    pub fn passing_span(span: Option<Box<Span<'a>>>, future: F) -> Self {
        Self::ending(span, future, PassSpan)
    }
}

impl<'a, F, S> Instrumented<'a, F, S> {
    #[inline]
    fn ending(span: Option<Box<Span<'a>>>, future: F, ending: S) -> Self {
        Self { future: Some(future), span, ending: Some(ending) }
    }
}

impl<'a, F: Future, S: Ending<'a, F::Output>> Future for Instrumented<'a, F, S> {
    type Output = S::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::Output> {
        if self.span.is_some() {
            return self.poll_observed(cx);
        }
        let this = self.project();
        let Some(future) = this.future.as_pin_mut() else { polled_again() };
        let returned = ready!(future.poll(cx));
        let Some(ending) = this.ending.take() else { polled_again() };
        Poll::Ready(ending.end(None, returned))
    }
}

impl<'a, F: Future, S: Ending<'a, F::Output>> Instrumented<'a, F, S> {
    #[cold]
    #[inline(never)]
    fn poll_observed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::Output> {
        let mut this = self.project();
        let returned = match ensure_started(this.span) {
            // No handler observes it any more, now that it begins.
            None => match this.future.as_pin_mut() {
                Some(future) => ready!(future.poll(cx)),
                None => polled_again(),
            },
            Some(span) => {
                let result = span.within(|| {
                    let Some(future) = this.future.as_mut().as_pin_mut() else { polled_again() };
                    let returned = ready!(future.poll(cx));
                    // What the future still holds ends before its span does.
                    this.future.set(None);
                    Poll::Ready(returned)
                });
                match result {
                    Ok(poll) => ready!(poll),
                    Err((panicked, payload)) => {
                        if let Some(mut span) = this.span.take() {
                            drop_remains(&mut span, &mut || this.future.set(None));
                            span.unfinished(Some(panicked));
                        }
                        resume_unwind(payload)
                    }
                }
            }
        };
        let Some(ending) = this.ending.take() else { polled_again() };
        Poll::Ready(ending.end(this.span.take(), returned))
    }
}

/// The work of an `in_span!` that is neither a closure nor a stream.
#[diagnostic::on_unimplemented(
    message = "`in_span!` cannot run `{Self}`",
    label = "expected a future, a closure or a stream",
    note = "write `async {{ .. }}`, `|| ..` or `stream STREAM`"
)]
pub trait Work {
    /// What it gives.
    type Output;

    /// Itself.
    type Future: Future<Output = Self::Output>;

    /// Puts a span around it.
    fn __telemetry_work<S>(
        self,
        span: Option<Box<Span<'_>>>,
        stop: S,
    ) -> Instrumented<'_, Self::Future, Stopping<S>>
    where
        S: for<'r> FnOnce(&'r Self::Output, &mut Stop<'r>);
}

#[diagnostic::do_not_recommend]
impl<F: Future> Work for F {
    type Output = F::Output;
    type Future = F;

    #[inline]
    fn __telemetry_work<S>(self, span: Option<Box<Span<'_>>>, stop: S) -> Instrumented<'_, F, Stopping<S>>
    where
        S: for<'r> FnOnce(&'r F::Output, &mut Stop<'r>),
    {
        Instrumented::new(span, self, stop)
    }
}

#[cold]
fn polled_again() -> ! {
    panic!("a future was polled after it had returned")
}

/// A future made elsewhere, to put a span around: one in a box goes back into a box of its type.
pub struct Follow<F>(pub F);

/// A future that is not in a known box.
pub trait PlainFuture: Sized {
    /// The future.
    type Future: Future;

    /// Puts a span around it.
    fn __telemetry_follow<'a, S>(
        self,
        span: Option<Box<Span<'a>>>,
        stop: S,
    ) -> Instrumented<'a, Self::Future, Stopping<S>>
    where
        S: for<'r> FnOnce(&'r <Self::Future as Future>::Output, &mut Stop<'r>);
}

impl<F: Future> PlainFuture for Follow<F> {
    type Future = F;

    #[inline]
    fn __telemetry_follow<'a, S>(
        self,
        span: Option<Box<Span<'a>>>,
        stop: S,
    ) -> Instrumented<'a, F, Stopping<S>>
    where
        S: for<'r> FnOnce(&'r F::Output, &mut Stop<'r>),
    {
        Instrumented::new(span, self.0, stop)
    }
}

macro_rules! boxed {
    ($($boxed:ty $(, $auto:ident)*: $into:expr;)+) => { $(
        impl<'a, T: 'a> Follow<$boxed> {
            /// It is in a known box.
            #[inline]
            pub fn __telemetry_boxed(self) -> Self {
                self
            }

            /// Puts a span around it.
            pub fn __telemetry_follow<S>(self, span: Option<Box<Span<'static>>>, stop: S) -> $boxed
            where
                S: for<'r> FnOnce(&'r T, &mut Stop<'r>) $(+ $auto)* + 'a,
            {
                match span {
                    None => self.0,
                    Some(_) => $into(Instrumented::new(span, self.0, stop)),
                }
            }
        }
    )+ };
}

boxed! {
    Pin<Box<dyn Future<Output = T> + 'a>>: Box::pin;
    Pin<Box<dyn Future<Output = T> + Send + 'a>>, Send: Box::pin;
    Pin<Box<dyn Future<Output = T> + Send + Sync + 'a>>, Send, Sync: Box::pin;
    // A pinned box can be moved.
    Box<dyn Future<Output = T> + Unpin + 'a>: pinned;
    Box<dyn Future<Output = T> + Unpin + Send + 'a>, Send: pinned;
    Box<dyn Future<Output = T> + Unpin + Send + Sync + 'a>, Send, Sync: pinned;
}

#[allow(clippy::unnecessary_box_returns, reason = "a box of what can be moved is the type to return")]
pub(super) fn pinned<F>(work: F) -> Box<Pin<Box<F>>> {
    Box::new(Box::pin(work))
}

/// A future that must be returned as its own type, and is not a known box.
pub trait NamedFuture<F> {
    /// Cannot be.
    fn __telemetry_boxed(self) -> NotWrappable<F>
    where
        F: NeedsBoxedFuture;
}

impl<F> NamedFuture<F> for Follow<F> {
    fn __telemetry_boxed(self) -> NotWrappable<F>
    where
        F: NeedsBoxedFuture,
    {
        NotWrappable(self.0)
    }
}

/// A future that cannot be wrapped in a span and keep its type.
pub struct NotWrappable<F>(pub(super) F);

impl<F> NotWrappable<F> {
    /// Gives it back.
    pub fn __telemetry_follow<S>(self, _: Option<Box<Span<'_>>>, _: S) -> F
    where
        S: for<'r> FnOnce(&'r NotWrappable<()>, &mut Stop<'r>),
    {
        self.0
    }
}
