//! Spans: from the first look at what a call was given to its one end.
//!
//! [`Span`] (`state`) is one call's span: `start` is what it captures, `observed` who sees it, `identity` its ids,
//! `lifecycle` its life from beginning to end; [`Stop`] is what its end adds. The three shapes of work share
//! them: functions in `function`, futures in `future`, streams in `stream`.

mod function;
mod future;
mod identity;
mod lifecycle;
mod observed;
mod opened_context;
mod start;
mod state;
mod stop;
mod stop_metadata;
mod stream;

pub use function::run;
pub use future::{Follow, Instrumented, NamedFuture, PlainFuture, Work};
pub(crate) use observed::{is_observed, is_seen};
pub use start::{begin, begin_boxed, begin_later};
pub use state::Span;
pub use stop::Stop;
pub use stop_metadata::{Derived, May, MayDerive, MayNotDerive, NothingToDerive, StopMetadata, StopOfOwn};
pub use stream::{FallibleStream, ItemStop, NamedStream, PlainStream, StreamOf, carried, unless_failed};
