//! How a call ended, seen by the types it returned and not by how they are spelled.
//!
//! The methods here are found by the compiler at the call: an inherent one where the type has it,
//! else the one of a trait that more types have. That sees through aliases of `Result`; in generic
//! code it sees what the function's own bounds declare.

use std::convert::Infallible;

use crate::diagnostics::NeedsResult;

/// What a function returned.
pub struct Returned<'r, R: ?Sized>(pub &'r R);

impl<'r, T, E> Returned<'r, Result<T, E>> {
    /// The value or the error.
    #[allow(clippy::missing_errors_doc, reason = "it is what was returned")]
    pub fn __telemetry_split(self) -> Result<&'r T, &'r E> {
        self.0.as_ref()
    }
}

/// A return value that is not a `Result`.
pub trait Plain<'r> {
    /// Its type.
    type Value: ?Sized;

    /// The value.
    #[allow(clippy::missing_errors_doc, reason = "it never fails")]
    fn __telemetry_split(self) -> Result<&'r Self::Value, &'r Infallible>;
}

impl<'r, R: ?Sized> Plain<'r> for Returned<'r, R> {
    type Value = R;

    fn __telemetry_split(self) -> Result<&'r R, &'r Infallible> {
        Ok(self.0)
    }
}

/// A return type that is not a `Result`, at a function with `err(..)`: a compile error.
pub trait PlainWithErr<'r, R: ?Sized> {
    /// The value.
    #[allow(clippy::missing_errors_doc, reason = "it never fails")]
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
