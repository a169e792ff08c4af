//! How a call ended, seen by the types it returned and not by how they are spelled.
//!
//! The methods here are found by the compiler at the call: an inherent one where the type has it,
//! else the one of a trait that more types have. That sees through aliases of `Result`; in generic
//! code it sees what the function's own bounds say.

use std::convert::Infallible;
use std::fmt::{Debug, Display};

use crate::diagnostics::NeedsResult;
use crate::value::{debug_text, display_text, said, short_type_name};

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
