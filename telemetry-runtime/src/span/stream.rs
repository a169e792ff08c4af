//! Spans of streams, which last to the stream's end.

use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::future::{abandon, drop_remains, ensure_started, pinned};
use super::items::ItemStop;
use super::lifecycle::Measured;
use super::state::Span;
use super::stop::Stop;
use crate::diagnostics::{NeedsBoxedStream, NeedsStream};
use crate::registry::SpanSite;

/// What `stop(..)` adds at the end of a stream.
pub trait StreamEnd {
    /// Fills the stop.
    fn fill(self, stop: &mut Stop<'_>);
}

impl<S: for<'r> FnOnce(&'r (), &mut Stop<'r>)> StreamEnd for S {
    fn fill(self, stop: &mut Stop<'_>) {
        self(&(), stop);
    }
}

pin_project! {
    /// A stream with a span around it, which begins at its first poll and lasts to its end.
    #[must_use = "streams do nothing unless polled"]
    pub struct InstrumentedStream<'a, T, I, S>
    where
        S: StreamEnd,
    {
        #[pin]
        stream: Option<T>,
        following: Option<Box<Following<'a>>>,
        item: I,
        stop: Option<S>,
    }

    impl<T, I, S> PinnedDrop for InstrumentedStream<'_, T, I, S>
    where
        S: StreamEnd,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(mut following) = this.following.take() else { return };
            let (measured, mut items) = (following.measured, following.items);
            abandon(&mut following.span, &mut || this.stream.set(None), &mut |span, end| match end {
                Some(panicked) => span.panicked(measured, panicked, &mut |keys| items.fill_known(keys)),
                // A consumer that leaves after the last item has seen all there was to see.
                None if items.is_complete() => span.stop(measured, &mut |keys| {
                    items.fill(keys);
                    if let Some(stop) = this.stop.take() {
                        stop.fill(keys);
                    }
                }),
                None => span.cancelled(measured, &mut |keys| items.fill_known(keys)),
            });
        }
    }
}

/// What a stream's span keeps between items.
struct Following<'a> {
    span: Option<Box<Span<'a>>>,
    measured: Measured,
    items: ItemStop,
}

impl<'a, T, I, S> InstrumentedStream<'a, T, I, S>
where
    T: Stream,
    I: for<'r> FnMut(&'r T::Item, &mut ItemStop),
    S: for<'r> FnOnce(&'r (), &mut Stop<'r>),
{
    fn new(span: Option<Box<Span<'a>>>, stream: T, item: I, stop: S) -> Self {
        let following = span.map(|span| {
            let measured = Measured { items: Some(0), ..Measured::default() };
            Box::new(Following { span: Some(span), measured, items: ItemStop::default() })
        });
        Self { stream: Some(stream), following, item, stop: Some(stop) }
    }
}

impl<T, I, S> Stream for InstrumentedStream<'_, T, I, S>
where
    T: Stream,
    I: for<'r> FnMut(&'r T::Item, &mut ItemStop),
    S: for<'r> FnOnce(&'r (), &mut Stop<'r>),
{
    type Item = T::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T::Item>> {
        let mut this = self.project();
        let span = this.following.as_deref_mut().and_then(|kept| ensure_started(&mut kept.span));
        let Some(span) = span else {
            return match this.stream.as_pin_mut() {
                Some(stream) => stream.poll_next(cx),
                None => Poll::Ready(None),
            };
        };
        let result = span.within(|| {
            let Some(stream) = this.stream.as_mut().as_pin_mut() else { return Poll::Ready(None) };
            let next = ready!(stream.poll_next(cx));
            if next.is_none() {
                // What the stream still holds ends before its span does.
                this.stream.set(None);
            }
            Poll::Ready(next)
        });
        let (now, observed) = (span.now(), span.observed);
        match result {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Some(item))) => {
                if let Some(kept) = this.following.as_deref_mut().filter(|_| observed) {
                    kept.measured.items = kept.measured.items.map(|items| items + 1);
                    kept.measured.first_item.get_or_insert(now);
                    let items = &mut kept.items;
                    let _ = crate::panics::contain(|| (this.item)(&item, items));
                    if kept.measured.first_token.is_none() && items.has_token() {
                        kept.measured.first_token = Some(now);
                    }
                }
                Poll::Ready(Some(item))
            }
            Ok(Poll::Ready(None)) => {
                if let Some((mut span, mut kept)) = finish(this.following) {
                    kept.measured.needs_reason = kept.items.asks_reason() || kept.measured.items == Some(0);
                    span.stop(kept.measured, &mut |keys| {
                        kept.items.fill(keys);
                        if let Some(stop) = this.stop.take() {
                            stop.fill(keys);
                        }
                    });
                }
                Poll::Ready(None)
            }
            Err((panicked, payload)) => {
                if let Some((mut span, mut kept)) = finish(this.following) {
                    drop_remains(&mut span, &mut || this.stream.set(None));
                    span.panicked(kept.measured, panicked, &mut |keys| kept.items.fill_known(keys));
                }
                resume_unwind(payload)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

fn finish<'a>(following: &mut Option<Box<Following<'a>>>) -> Option<(Box<Span<'a>>, Following<'a>)> {
    let mut kept = *following.take()?;
    Some((kept.span.take()?, kept))
}

/// What a function returned that gives a stream: the stream, bare or boxed, or a `Result` of one.
pub struct StreamOf<T>(pub T);

/// A stream that is not in a known box.
pub trait PlainStream: Sized {
    /// The stream.
    type Stream: Stream;

    /// Puts a span around it.
    fn __telemetry_follow<'a, I, S>(
        self,
        span: Option<Box<Span<'a>>>,
        item: I,
        stop: S,
    ) -> InstrumentedStream<'a, Self::Stream, I, S>
    where
        I: for<'r> FnMut(&'r <Self::Stream as Stream>::Item, &mut ItemStop),
        S: for<'r> FnOnce(&'r (), &mut Stop<'r>);
}

impl<T: Stream> PlainStream for StreamOf<T> {
    type Stream = T;

    fn __telemetry_follow<'a, I, S>(
        self,
        span: Option<Box<Span<'a>>>,
        item: I,
        stop: S,
    ) -> InstrumentedStream<'a, T, I, S>
    where
        I: for<'r> FnMut(&'r T::Item, &mut ItemStop),
        S: for<'r> FnOnce(&'r (), &mut Stop<'r>),
    {
        InstrumentedStream::new(span, self.0, item, stop)
    }
}

/// A `Result` of a stream that is not in a known box.
pub trait FallibleStream: Sized {
    /// The stream.
    type Stream: Stream;
    /// The error.
    type Error;

    /// Puts a span around the stream, if there is one.
    ///
    /// # Errors
    /// What it was given.
    fn __telemetry_follow<'a, I, S>(
        self,
        span: Option<Box<Span<'a>>>,
        item: I,
        stop: S,
    ) -> Result<InstrumentedStream<'a, Self::Stream, I, S>, Self::Error>
    where
        I: for<'r> FnMut(&'r <Self::Stream as Stream>::Item, &mut ItemStop),
        S: for<'r> FnOnce(&'r (), &mut Stop<'r>);
}

impl<T: Stream, E> FallibleStream for StreamOf<Result<T, E>> {
    type Stream = T;
    type Error = E;

    fn __telemetry_follow<'a, I, S>(
        self,
        span: Option<Box<Span<'a>>>,
        item: I,
        stop: S,
    ) -> Result<InstrumentedStream<'a, T, I, S>, E>
    where
        I: for<'r> FnMut(&'r T::Item, &mut ItemStop),
        S: for<'r> FnOnce(&'r (), &mut Stop<'r>),
    {
        self.0.map(|stream| InstrumentedStream::new(span, stream, item, stop))
    }
}

macro_rules! boxed {
    ($($boxed:ty $(, $auto:ident)*: $into:expr;)+) => { $(
        impl<'a, T: 'a> StreamOf<$boxed> {
            /// It is in a known box.
            #[inline]
            pub fn __telemetry_boxed(self) -> Self {
                self
            }

            /// Puts a span around it.
            pub fn __telemetry_follow<I, S>(self, span: Option<Box<Span<'static>>>, item: I, stop: S) -> $boxed
            where
                I: for<'r> FnMut(&'r T, &mut ItemStop) $(+ $auto)* + 'a,
                S: for<'r> FnOnce(&'r (), &mut Stop<'r>) $(+ $auto)* + 'a,
            {
                match span {
                    None => self.0,
                    span => $into(InstrumentedStream::new(span, self.0, item, stop)),
                }
            }
        }

        impl<'a, T: 'a, E> StreamOf<Result<$boxed, E>> {
            /// It is in a known box.
            #[inline]
            pub fn __telemetry_boxed(self) -> Self {
                self
            }

            /// Puts a span around the stream, if there is one.
            ///
            /// # Errors
            /// What it was given.
            pub fn __telemetry_follow<I, S>(
                self,
                span: Option<Box<Span<'static>>>,
                item: I,
                stop: S,
            ) -> Result<$boxed, E>
            where
                I: for<'r> FnMut(&'r T, &mut ItemStop) $(+ $auto)* + 'a,
                S: for<'r> FnOnce(&'r (), &mut Stop<'r>) $(+ $auto)* + 'a,
            {
                self.0.map(|stream| StreamOf(stream).__telemetry_follow(span, item, stop))
            }
        }
    )+ };
}

boxed! {
    Pin<Box<dyn Stream<Item = T> + 'a>>: Box::pin;
    Pin<Box<dyn Stream<Item = T> + Send + 'a>>, Send: Box::pin;
    Pin<Box<dyn Stream<Item = T> + Send + Sync + 'a>>, Send, Sync: Box::pin;
    // A pinned box can be moved.
    Box<dyn Stream<Item = T> + Unpin + 'a>: pinned;
    Box<dyn Stream<Item = T> + Unpin + Send + 'a>, Send: pinned;
    Box<dyn Stream<Item = T> + Unpin + Send + Sync + 'a>, Send, Sync: pinned;
}

/// Ends a span whose future returned an `Err` instead of a stream; else passes it on.
pub fn unless_failed(
    span: Option<Box<Span<'_>>>,
    failed: impl FnOnce(&mut Stop<'_>) -> bool,
) -> Option<Box<Span<'_>>> {
    let mut span = span?;
    let mut stop = Stop::default();
    let has_failed = crate::panics::contain(|| failed(&mut stop)).unwrap_or(false);
    if !has_failed {
        return Some(span);
    }
    span.stop(Measured::default(), &mut |keys| *keys = std::mem::take(&mut stop));
    None
}

/// Keeps the context alive for a stream polled later. Uses the stream's span, or a context-only placeholder when
/// the stream is unobserved.
pub fn carried<'a>(span: Option<Box<Span<'a>>>, site: &'static SpanSite) -> Option<Box<Span<'a>>> {
    span.or_else(|| Some(Span::context_only(site)))
}

/// A stream that must be returned as its own type, and is not a known box.
pub trait NamedStream<T: Stream> {
    /// Cannot be.
    fn __telemetry_boxed(self) -> NotWrappableStream<T, T::Item>
    where
        T: NeedsBoxedStream;
}

impl<T: Stream> NamedStream<T> for StreamOf<T> {
    fn __telemetry_boxed(self) -> NotWrappableStream<T, T::Item>
    where
        T: NeedsBoxedStream,
    {
        NotWrappableStream(PhantomData)
    }
}

/// The same inside of a `Result`.
pub trait NamedFallibleStream<T: Stream, E> {
    /// Cannot be.
    fn __telemetry_boxed(self) -> NotWrappableStream<Result<T, E>, T::Item>
    where
        T: NeedsBoxedStream;
}

impl<T: Stream, E> NamedFallibleStream<T, E> for StreamOf<Result<T, E>> {
    fn __telemetry_boxed(self) -> NotWrappableStream<Result<T, E>, T::Item>
    where
        T: NeedsBoxedStream,
    {
        NotWrappableStream(PhantomData)
    }
}

/// Something returned that is not a stream.
pub trait NoStream<T> {
    /// Cannot be.
    fn __telemetry_boxed(self) -> NotWrappableStream<T, ()>
    where
        T: NeedsStream;

    /// Cannot be, of a type without a name.
    fn __telemetry_follow<I, S>(self, span: Option<Box<Span<'_>>>, item: I, stop: S) -> T
    where
        T: NeedsStream,
        I: for<'r> FnMut(&'r (), &mut ItemStop),
        S: for<'r> FnOnce(&'r (), &mut Stop<'r>);
}

impl<T> NoStream<T> for &StreamOf<T> {
    fn __telemetry_boxed(self) -> NotWrappableStream<T, ()>
    where
        T: NeedsStream,
    {
        NotWrappableStream(PhantomData)
    }

    fn __telemetry_follow<I, S>(self, span: Option<Box<Span<'_>>>, item: I, stop: S) -> T
    where
        T: NeedsStream,
        I: for<'r> FnMut(&'r (), &mut ItemStop),
        S: for<'r> FnOnce(&'r (), &mut Stop<'r>),
    {
        self.__telemetry_boxed().__telemetry_follow(span, item, stop)
    }
}

/// What cannot be wrapped in a span: the expression has the type that is expected, and does not compile.
pub struct NotWrappableStream<T, Item>(PhantomData<(T, Item)>);

impl<T, Item> NotWrappableStream<T, Item> {
    /// Has the type of the stream.
    #[allow(clippy::missing_panics_doc, clippy::unused_self, reason = "no program that calls it compiles")]
    pub fn __telemetry_follow<'a, I, S>(self, _: Option<Box<Span<'a>>>, _: I, _: S) -> T
    where
        I: for<'r> FnMut(&'r Item, &mut ItemStop),
        S: for<'r> FnOnce(&'r (), &mut Stop<'r>),
    {
        unreachable!("a stream that cannot be wrapped does not compile")
    }
}
