//! What the macros' expansions name. It is not for use by hand, and changes without notice.

pub use crate::capture::{
    Argument, AsDebug, AsDisplay, Failed, Flag, Integer, Kept, Measure, Nanos, Number, Param, Record,
    Returned, Text, TextKeep, TextParam, Whole, arguments, json_arguments, literal, whole_argument,
};
pub use crate::context::{Context, InContext};
pub use crate::emit::EventMetadata;
pub use crate::emit::{emit_captured, emit_event, is_recorded, is_seen, keep_span, record, record_span};
pub use crate::registry::documented as callsites;
pub use crate::registry::{EventSite, SpanSite};
pub use crate::span::{
    Answered, Chunk, Derived, Follow, Instrumented, ItemStop, May, NothingToDerive, OpenSpan, Span,
    SpanMetadata, Starting, Stop, StopMetadata, StopOfOwn, StreamOf, Work, begin_here, begin_later,
    captured_before, carried, next_turn, observed, open_span, run, starting, unless_failed,
};
pub use crate::typed::spans;
pub use crate::value::Captured;

pub use core::convert::Infallible;
pub use core::option::Option;
pub use core::result::Result;
pub use std::boxed::Box;

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

/// Modules of traits without names, from which the compiler chooses by what a type can do: an expansion
/// imports one without a word that could hide one of the user's.
macro_rules! choices {
    ($($(#[$doc:meta])* $module:ident: $from:ident { $($name:ident),+ })+) => { $(
        $(#[$doc])*
        pub mod $module {
            pub use crate::$from::{$($name as _),+};
        }
    )+ };
}

choices! {
    /// A parameter.
    keep: capture { KeepCopy, KeepDebug, KeepNothing, KeepPercent, KeepRef, KeepScalar, KeepSerialize }
    /// A tool's argument.
    argument: capture { KeepCopy, KeepRef, KeepScalar, KeepSerialize, KeepText, LeaveOut }
    /// An expression.
    record_as: capture { RecordDebug, RecordNothing, RecordPercent, RecordSerialize }
    /// A field of a derived type.
    kept: capture { KeptNothing, KeptOption, KeptScalar, KeptSerialize }
    /// What was returned.
    outcome: capture {
        KindGiven, KindOfDebug, KindOfError, KindOfHolder, KindOfType, Plain, TextOfDebug, TextOfDisplay, TextOfError, TextOfHolder, TextOfType
    }
    /// What was returned, where there is an `err(..)`.
    outcome_with_err: capture {
        KindGiven, KindOfDebug, KindOfError, KindOfHolder, KindOfType, PlainWithErr, TextOfDebug, TextOfDisplay, TextOfError, TextOfHolder, TextOfType
    }
    /// A result.
    whole_of_any: capture { MayFail, Succeeds, WholeDebug, WholeDisplay, WholeOpaque, WholeOption, WholeScalar, WholeSerialize }
    /// A value that may have `StopMetadata`.
    may_derive: span { MayDerive, MayNotDerive }
    /// A future made elsewhere.
    futures: span { NamedFuture, PlainFuture }
    /// An item of a model's stream.
    chunk: span { LookInto, LookPast }
    /// A stream.
    streams: span { FallibleStream, PlainStream }
    /// A stream made elsewhere.
    named_streams: span { FallibleStream, NamedFallibleStream, NamedStream, NoStream, PlainStream }
}

/// A result, of types of other crates too.
pub mod whole {
    pub use super::whole_of_any::*;
    #[cfg(feature = "rmcp")]
    pub use crate::rmcp::WholeJson as _;
}
