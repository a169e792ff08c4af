//! How a value is captured, chosen by the compiler from what its type can do.
//!
//! Three sources, three rules. An expression (`FIELD = EXPR`) is evaluated and recorded at once and
//! borrows nothing after. A parameter taken by its name is kept as it is where that is cheap and
//! safe, else serialised once. A tool's argument is like a parameter; where it does not serialise it is its
//! `Debug` text, and left out where it has neither.
//!
//! Each rule is a list of traits with a method of one name, implemented for one more `&` each: the
//! compiler takes the first that fits.

mod error;
mod expression;
mod field;
mod parameter;
mod result;
mod returned;
mod typed;

pub(crate) use error::UNKNOWN;
pub use error::{
    AsFailure, ErrorType, Failed, KindGiven, KindOfDebug, KindOfError, KindOfHolder, KindOfType, KnownError,
    TextOfDebug, TextOfDisplay, TextOfError, TextOfHolder, TextOfType,
};
pub use expression::{
    AsDebug, AsDisplay, Record, RecordDebug, RecordNothing, RecordPercent, RecordSerialize, literal,
};
pub use field::{Kept, KeptNothing, KeptOption, KeptScalar, KeptSerialize};
pub use parameter::{
    Argument, KeepCopy, KeepDebug, KeepNothing, KeepPercent, KeepRef, KeepScalar, KeepSerialize, KeepText,
    LeaveOut, Param, TextKeep, TextParam, arguments, json_arguments, whole_argument,
};
pub use result::{
    FailureValue, MayFail, Succeeds, Whole, WholeDebug, WholeDisplay, WholeOpaque, WholeOption, WholeScalar,
    WholeSerialize,
};
pub use returned::{Plain, PlainWithErr, Returned};
pub use typed::{Flag, Integer, Measure, Nanos, Number, Text};
