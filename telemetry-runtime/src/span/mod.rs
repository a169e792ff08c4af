//! Spans: from the first look at what a call was given to its one end.
//!
//! [`Span`] is one call's span: `start` is what it captures, `live` its life from beginning to end;
//! [`Stop`] is what its end adds. The three shapes of work share them: functions in
//! [`call`](self::call), futures in `future`, streams in `stream`.

mod call;
mod future;
mod live;
mod node;
mod start;
mod stop;
mod stream;

pub use call::run;
pub use future::{Follow, Instrumented, NamedFuture, PlainFuture, Work};
pub(crate) use node::ActiveSpan;
pub(crate) use start::{Field, is_observed};
pub use start::{Span, begin, begin_boxed, begin_later};
pub use stop::Stop;
pub use stream::{FallibleStream, ItemStop, NamedStream, PlainStream, StreamOf, carried, unless_failed};
