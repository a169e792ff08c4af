//! What the macros' expansions name. Nothing here is for hands, and it changes without notice.

pub use crate::callsite::{EventSite, SpanSite};
pub use crate::capture::{
    Argument, AsDebug, AsDisplay, Flag, Integer, KeepCopy, KeepDebug, KeepNothing, KeepPercent, KeepRef,
    KeepScalar, KeepSerialize, LeaveOut, Measure, Nanos, Param, Record, RecordDebug, RecordNothing,
    RecordPercent, RecordSerialize, Text, TextKeep, TextParam, arguments, literal,
};
pub use crate::context::{Context, InContext};
pub use crate::emit::{EventMetadata, SpanMetadata};
pub use crate::emit::{emit_captured, emit_event, is_recorded, is_seen, keep_span, record, record_span};
pub use crate::outcome::StopMetadata;
pub use crate::outcome::{
    Derived, Failed, Kept, KeptNothing, KeptOption, KeptScalar, KeptSerialize, KindOfType, KindSaid, May,
    MayDerive, MayNotDerive, NothingToDerive, Plain, PlainWithErr, Returned, SaysDebug, SaysDisplay,
    SaysType, StopOfOwn, Whole, WholeDebug, WholeDisplay, WholeOpaque, WholeOption, WholeScalar,
    WholeSerialize,
};
pub use crate::sites;
pub use crate::span::{
    FallibleStream, Follow, Instrumented, ItemStop, NamedFuture, NamedStream, PlainFuture, PlainStream, Span,
    Stop, StreamOf, Work, begin, begin_boxed, begin_later, run, unless_failed,
};
pub use crate::typed::spans;
pub use crate::value::{Captured, Held, Known, StopValue, Tree};

pub use core::convert::Infallible;
pub use core::mem::forget;
pub use core::option::Option;
pub use core::result::Result;

/// Makes the compiler take a closure for one that is called once, whatever it does with what it
/// captured; and be generic over nothing it need not be.
#[inline(always)]
#[allow(clippy::inline_always, reason = "vanishes")]
pub fn once<R, F: FnOnce() -> R>(work: F) -> F {
    work
}

/// The name of a type, for an agent.
pub fn type_name<T: ?Sized>() -> &'static str {
    core::any::type_name::<T>()
}
