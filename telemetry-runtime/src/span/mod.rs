//! Spans: from the first look at what a call was given to its one end.
//!
//! [`Span`] (`state`) is one call's span: `start` is what it captures, `observed` who sees it, `identity` its ids,
//! `lifecycle` its life from beginning to end; [`Stop`] is what its end adds. The three shapes of work share
//! them: functions in `function`, futures in `future`, streams in `stream`.

mod answer;
mod by_hand;
mod function;
mod future;
mod identity;
mod items;
mod lifecycle;
mod observed;
mod one_call;
mod opened_context;
mod span_metadata;
mod start;
mod state;
mod stop;
mod stop_metadata;
mod stream;

pub use answer::Answer;
pub(crate) use by_hand::mode;
pub use by_hand::{Answered, OpenSpan, SpanKind, StopsWith, open_span};
pub use function::{Starting, run, starting};
pub use future::{Follow, Instrumented, NamedFuture, PlainFuture, Work, begin_here, observed};
pub use items::{Chunk, ItemStop, LookInto, LookPast};
pub(crate) use observed::{is_observed, is_seen};
pub use span_metadata::SpanMetadata;
pub use start::{begin_later, captured_before, next_turn};
pub use state::Span;
pub use stop::Stop;
pub use stop_metadata::{Derived, May, MayDerive, MayNotDerive, NothingToDerive, StopMetadata, StopOfOwn};
pub use stream::{
    FallibleStream, NamedFallibleStream, NamedStream, NoStream, PlainStream, StreamOf, carried, unless_failed,
};
