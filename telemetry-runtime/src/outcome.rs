//! How a call ended, seen by the types it returned and not by how they are spelled.
//!
//! The methods here are found by the compiler at the call: an inherent one where the type has it,
//! else the one of a trait that more types have. That sees through aliases of `Result`; in generic
//! code it sees what the function's own bounds say.

use std::convert::Infallible;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use serde::Serialize;

use crate::capture::{NeedsFieldAttribute, NeedsResult};
use crate::span::Stop;
use crate::value::{CapturedValue, StopValue, debug_text, display_text, said, short_type_name};

/// What a kind of error is called in `error_type`: a word of low cardinality.
///
/// ```
/// use telemetry_runtime::ErrorType;
///
/// enum LlmError {
///     RateLimited,
///     Http(u16),
/// }
///
/// impl ErrorType for LlmError {
///     fn error_type(&self) -> String {
///         match self {
///             Self::RateLimited => "rate_limited".into(),
///             Self::Http(status) => status.to_string(),
///         }
///     }
/// }
/// ```
pub trait ErrorType {
    /// The word.
    fn error_type(&self) -> String;
}

/// Says what a span's stop carries, given what the function returned (of a `Result`, the `Ok`).
///
/// `S` is the span: one of [`spans`](crate::spans), or a type with `#[derive(EventMetadata)]` and
/// `#[span(..)]`. Derive it where the type is yours; for a type of another crate write `stop(..)` at
/// the function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what the stop of span `{S}` carries",
    label = "returned by a function annotated as `{S}`",
    note = "derive it: `#[derive(StopMetadata)] #[stop_of({S})]` on `{Self}`",
    note = "or say it at the function: `stop(|value| KEY = EXPR, ..)`, or `stop(|_|)` if there is nothing to say"
)]
pub trait StopMetadata<S> {
    /// Sets the keys.
    fn stop_metadata<'r>(&'r self, stop: &mut Stop<'r>);
}

macro_rules! through {
    ($($ty:ty),+) => { $(
        #[diagnostic::do_not_recommend]
        impl<S, T: StopMetadata<S> + ?Sized> StopMetadata<S> for $ty {
            fn stop_metadata<'r>(&'r self, stop: &mut Stop<'r>) { (**self).stop_metadata(stop); }
        }
    )+ };
}

through!(&T, &mut T, Box<T>, std::rc::Rc<T>, std::sync::Arc<T>);

#[diagnostic::do_not_recommend]
impl<S, T: StopMetadata<S>> StopMetadata<S> for Option<T> {
    fn stop_metadata<'r>(&'r self, stop: &mut Stop<'r>) {
        if let Some(value) = self {
            value.stop_metadata(stop);
        }
    }
}

/// The same for a user's own span, which has keys to derive or not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what the stop of span `{S}` carries",
    label = "returned by a function annotated as `{S}`",
    note = "derive it: `#[derive(StopMetadata)] #[stop_of({S})]` on `{Self}`",
    note = "or say it at the function: `stop(|value| KEY = EXPR, ..)`, or `stop(|_|)` if there is nothing to say"
)]
pub trait StopOfOwn<S, Derives> {
    /// Sets the keys.
    fn stop_of_own<'r>(&'r self, stop: &mut Stop<'r>);
}

/// It has.
#[derive(Debug)]
pub struct Derived;

/// It has none.
#[derive(Debug)]
pub struct NothingToDerive;

#[diagnostic::do_not_recommend]
impl<S, T: StopMetadata<S> + ?Sized> StopOfOwn<S, Derived> for T {
    fn stop_of_own<'r>(&'r self, stop: &mut Stop<'r>) {
        self.stop_metadata(stop);
    }
}

#[diagnostic::do_not_recommend]
impl<S, T: ?Sized> StopOfOwn<S, NothingToDerive> for T {
    fn stop_of_own<'r>(&'r self, _: &mut Stop<'r>) {}
}

/// A return value that may have `StopMetadata`, at a function with `stop(..)`.
pub struct May<'r, S, T: ?Sized>(&'r T, PhantomData<S>);

impl<'r, S, T: ?Sized> May<'r, S, T> {
    /// That value.
    pub fn new(value: &'r T) -> Self {
        Self(value, PhantomData)
    }
}

/// It has.
pub trait MayDerive<'r> {
    /// Fills the stop.
    fn __telemetry_fill(&self, stop: &mut Stop<'r>);
}

impl<'r, S, T: StopMetadata<S> + ?Sized> MayDerive<'r> for May<'r, S, T> {
    fn __telemetry_fill(&self, stop: &mut Stop<'r>) {
        self.0.stop_metadata(stop);
    }
}

/// It has not.
pub trait MayNotDerive<'r> {
    /// Does nothing.
    fn __telemetry_fill(&self, stop: &mut Stop<'r>);
}

impl<'r, S, T: ?Sized> MayNotDerive<'r> for &May<'r, S, T> {
    fn __telemetry_fill(&self, _: &mut Stop<'r>) {}
}

/// What a function returned.
pub struct Returned<'r, R: ?Sized>(pub &'r R);

impl<'r, T, E> Returned<'r, Result<T, E>> {
    /// The value or the error.
    #[allow(clippy::missing_errors_doc, reason = "it is what was returned")]
    pub fn __telemetry_split(self) -> Result<&'r T, &'r E> {
        self.0.as_ref()
    }
}

/// What a function returned that is no `Result`.
pub trait Plain<'r> {
    /// Its type.
    type Value: ?Sized;

    /// The value.
    #[allow(clippy::missing_errors_doc, reason = "there is none")]
    fn __telemetry_split(self) -> Result<&'r Self::Value, &'r Infallible>;
}

impl<'r, R: ?Sized> Plain<'r> for Returned<'r, R> {
    type Value = R;

    fn __telemetry_split(self) -> Result<&'r R, &'r Infallible> {
        Ok(self.0)
    }
}

/// The same where `err(..)` says something of an error, which there cannot be.
pub trait PlainWithErr<'r, R: ?Sized> {
    /// The value.
    #[allow(clippy::missing_errors_doc, reason = "there is none")]
    fn __telemetry_split(self) -> Result<&'r R, &'r Infallible>
    where
        R: NeedsResult;
}

impl<'r, R: ?Sized> PlainWithErr<'r, R> for Returned<'r, R> {
    fn __telemetry_split(self) -> Result<&'r R, &'r Infallible>
    where
        R: NeedsResult,
    {
        Ok(self.0)
    }
}

/// An error that was returned.
pub struct Failed<'r, E: ?Sized>(pub &'r E);

/// What it says: its `Display`.
pub trait SaysDisplay {
    /// The text.
    fn __telemetry_text(&self) -> String;
}

impl<E: Display + ?Sized> SaysDisplay for &&Failed<'_, E> {
    fn __telemetry_text(&self) -> String {
        display_text(self.0)
    }
}

/// What it says: its `Debug`.
pub trait SaysDebug {
    /// The text.
    fn __telemetry_text(&self) -> String;
}

impl<E: Debug + ?Sized> SaysDebug for &Failed<'_, E> {
    fn __telemetry_text(&self) -> String {
        debug_text(self.0)
    }
}

/// What it says: the name of its type.
pub trait SaysType {
    /// The text.
    fn __telemetry_text(&self) -> String;
}

impl<E: ?Sized> SaysType for Failed<'_, E> {
    fn __telemetry_text(&self) -> String {
        short_type_name::<E>()
    }
}

/// Its kind: what it says itself.
pub trait KindSaid {
    /// The word.
    fn __telemetry_kind(&self) -> String;
}

impl<E: ErrorType + ?Sized> KindSaid for &Failed<'_, E> {
    fn __telemetry_kind(&self) -> String {
        said(|| self.0.error_type()).unwrap_or_else(short_type_name::<E>)
    }
}

/// Its kind: the name of its type.
pub trait KindOfType {
    /// The word.
    fn __telemetry_kind(&self) -> String;
}

impl<E: ?Sized> KindOfType for Failed<'_, E> {
    fn __telemetry_kind(&self) -> String {
        short_type_name::<E>()
    }
}

/// A field of a derived event or stop.
pub struct Kept<'r, T: ?Sized>(pub &'r T);

/// It is a scalar or a string, or an `Option` of one: at hand for whoever looks.
pub trait KeptScalar<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

macro_rules! scalars {
    ($($ty:ty: $value:ident => $held:expr;)+) => { $(
        impl<'r> KeptScalar<'r> for &&&Kept<'r, $ty> {
            #[allow(clippy::cast_lossless, reason = "one line for every width")]
            fn __telemetry_held(&self) -> StopValue<'r> {
                let $value = self.0;
                $held
            }
        }
        impl<'r> KeptScalar<'r> for &&&Kept<'r, Option<$ty>> {
            fn __telemetry_held(&self) -> StopValue<'r> {
                self.0.as_ref().map_or(CapturedValue::Absent, |value| (&&&Kept(value)).__telemetry_held())
            }
        }
        impl<'r> WholeScalar<'r> for &&&&&Whole<'r, $ty> {
            fn __telemetry_held(&self) -> StopValue<'r> {
                (&&&Kept(self.0)).__telemetry_held()
            }
        }
        impl<'r> WholeScalar<'r> for &&&&&Whole<'r, Option<$ty>> {
            fn __telemetry_held(&self) -> StopValue<'r> {
                (&&&Kept(self.0)).__telemetry_held()
            }
        }
    )+ };
}

scalars! {
    bool: value => CapturedValue::Bool(*value);
    i8: value => CapturedValue::I64(*value as _);
    i16: value => CapturedValue::I64(*value as _);
    i32: value => CapturedValue::I64(*value as _);
    i64: value => CapturedValue::I64(*value);
    isize: value => CapturedValue::I64(*value as _);
    u8: value => CapturedValue::U64(*value as _);
    u16: value => CapturedValue::U64(*value as _);
    u32: value => CapturedValue::U64(*value as _);
    u64: value => CapturedValue::U64(*value);
    usize: value => CapturedValue::U64(*value as _);
    f64: value => CapturedValue::F64(*value);
    &str: value => CapturedValue::Str(value);
    String: value => CapturedValue::Str(value);
    Box<str>: value => CapturedValue::Str(value);
    std::sync::Arc<str>: value => CapturedValue::Str(value);
    std::borrow::Cow<'_, str>: value => CapturedValue::Str(value);
}

/// It is an `Option` of something that serialises: none leaves the key absent.
pub trait KeptOption<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Serialize> KeptOption<'r> for &&Kept<'r, Option<T>> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        self.0.as_ref().map_or(CapturedValue::Absent, StopValue::lazy)
    }
}

/// It serialises.
pub trait KeptSerialize<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Serialize> KeptSerialize<'r> for &Kept<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        StopValue::lazy(self.0)
    }
}

/// It does not serialise.
pub trait KeptNothing<'r, T: ?Sized> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>
    where
        T: NeedsFieldAttribute;
}

impl<'r, T: ?Sized> KeptNothing<'r, T> for Kept<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r>
    where
        T: NeedsFieldAttribute,
    {
        CapturedValue::Absent
    }
}

/// The result of a tool or of evaluated code, whatever its type: what serialises is serialised,
/// else what has `Display` or `Debug` is its text, else the key stays absent.
pub struct Whole<'r, T: ?Sized>(pub &'r T);

/// It is a scalar or a string, or an `Option` of one.
pub trait WholeScalar<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

/// It is an `Option` of something that serialises.
pub trait WholeOption<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Serialize> WholeOption<'r> for &&&&Whole<'r, Option<T>> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        self.0.as_ref().map_or(CapturedValue::Absent, StopValue::lazy)
    }
}

/// It serialises.
pub trait WholeSerialize<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Serialize> WholeSerialize<'r> for &&&Whole<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        StopValue::lazy(self.0)
    }
}

/// It has a text for people.
pub trait WholeDisplay<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Display + ?Sized> WholeDisplay<'r> for &&Whole<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        CapturedValue::Text(display_text(self.0).into())
    }
}

/// It has a text for programmers.
pub trait WholeDebug<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Debug + ?Sized> WholeDebug<'r> for &Whole<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        CapturedValue::Text(debug_text(self.0).into())
    }
}

/// Nothing is known of it.
pub trait WholeOpaque<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: ?Sized> WholeOpaque<'r> for Whole<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        CapturedValue::Absent
    }
}
