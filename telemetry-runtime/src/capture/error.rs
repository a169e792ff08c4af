//! What is recorded of a returned error: its text with its causes, and its kind.
//!
//! Both are lists of traits with a method of one name, implemented for one more `&` each: the compiler takes the first
//! that fits the error's type.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::ops::Deref;

use crate::value::{contained, debug_text, display_text, short_type_name};

/// Names the kind of an error, for `error_type`: a string of low cardinality.
///
/// Without it the kind is the type's short name, with the variant where `Debug` begins with one: `LlmError::Http`.
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
#[diagnostic::on_unimplemented(
    message = "the `error_type` of `{Self}` is needed before its type is known",
    label = "inferred later",
    note = "name the type where the error or the `Ok` is made: `Ok::<_, {Self}>(..)`",
    note = "or implement `ErrorType` for it, if it is a type of yours"
)]
pub trait ErrorType {
    /// Returns the kind.
    fn error_type(&self) -> String;
}

/// The kind of the I/O error: `NotFound`.
impl ErrorType for std::io::Error {
    fn error_type(&self) -> String {
        format!("{:?}", self.kind())
    }
}

macro_rules! through {
    ($($ty:ty),+) => { $(
        #[diagnostic::do_not_recommend]
        impl<T: ErrorType + ?Sized> ErrorType for $ty {
            fn error_type(&self) -> String { (**self).error_type() }
        }
    )+ };
}

through!(&T, Box<T>, std::rc::Rc<T>, std::sync::Arc<T>);

/// The kind of an error whose type does not show one.
pub(crate) const UNKNOWN: &str = "error";

/// How many causes of an error are read: a chain may be a circle.
const MAX_CAUSES: usize = 32;

/// An error that was returned.
pub struct Failed<'r, E: ?Sized>(pub &'r E);

/// The text of an error with causes.
pub trait TextOfError {
    /// Returns the text.
    fn __telemetry_text(&self) -> String;
}

/// An error whose type is known where it is recorded.
#[diagnostic::on_unimplemented(
    message = "the text of the error `{Self}` is needed before its type is known",
    label = "inferred later",
    note = "name the type where the error or the `Ok` is made: `Ok::<_, {Self}>(..)`"
)]
pub trait KnownError: Error {}

#[diagnostic::do_not_recommend]
impl<E: Error> KnownError for E {}

impl<E: KnownError> TextOfError for &&&&Failed<'_, E> {
    fn __telemetry_text(&self) -> String {
        with_causes(display_text(self.0), &mut || self.0.source())
    }
}

/// The text of what holds an error: `anyhow::Error`, `Box<dyn Error>`.
pub trait TextOfHolder {
    /// Returns the text.
    fn __telemetry_text(&self) -> String;
}

impl<E: Deref<Target = T> + Display, T: Error + ?Sized> TextOfHolder for &&&Failed<'_, E> {
    fn __telemetry_text(&self) -> String {
        with_causes(display_text(self.0), &mut || self.0.source())
    }
}

/// The text of what has `Display`.
pub trait TextOfDisplay {
    /// Returns the text.
    fn __telemetry_text(&self) -> String;
}

impl<E: Display + ?Sized> TextOfDisplay for &&Failed<'_, E> {
    fn __telemetry_text(&self) -> String {
        display_text(self.0)
    }
}

/// The text of what has `Debug` alone.
pub trait TextOfDebug {
    /// Returns the text.
    fn __telemetry_text(&self) -> String;
}

impl<E: Debug + ?Sized> TextOfDebug for &Failed<'_, E> {
    fn __telemetry_text(&self) -> String {
        debug_text(self.0)
    }
}

/// The name of the type, where it has no text.
pub trait TextOfType {
    /// Returns the text.
    fn __telemetry_text(&self) -> String;
}

impl<E: ?Sized> TextOfType for Failed<'_, E> {
    fn __telemetry_text(&self) -> String {
        short_type_name::<E>()
    }
}

/// The kind that `ErrorType` gives.
pub trait KindGiven {
    /// Returns the kind.
    fn __telemetry_kind(&self) -> String;
}

impl<E: ErrorType + ?Sized> KindGiven for &&&&Failed<'_, E> {
    fn __telemetry_kind(&self) -> String {
        contained(&mut || self.0.error_type()).unwrap_or_else(|| kind_of_name(&short_type_name::<E>(), ""))
    }
}

/// The kind of an error that has `Debug`, as all errors have.
pub trait KindOfError {
    /// Returns the kind.
    fn __telemetry_kind(&self) -> String;
}

impl<E: Error> KindOfError for &&&Failed<'_, E> {
    fn __telemetry_kind(&self) -> String {
        kind_of_error(self.0)
    }
}

/// The kind of what holds an error of an unknown type: that of the root cause.
pub trait KindOfHolder {
    /// Returns the kind.
    fn __telemetry_kind(&self) -> String;
}

impl<E: Deref<Target = T>, T: AsError + ?Sized> KindOfHolder for &&Failed<'_, E> {
    fn __telemetry_kind(&self) -> String {
        contained(&mut || kind_of_root((**self.0).as_error())).unwrap_or_else(|| UNKNOWN.to_owned())
    }
}

/// The kind of a value that has `Debug` and does not implement `Error`.
pub trait KindOfDebug {
    /// Returns the kind.
    fn __telemetry_kind(&self) -> String;
}

impl<E: Debug + ?Sized> KindOfDebug for &Failed<'_, E> {
    fn __telemetry_kind(&self) -> String {
        kind_of_name(&short_type_name::<E>(), &debug_text(self.0))
    }
}

/// The kind of anything else: its type.
pub trait KindOfType {
    /// Returns the kind.
    fn __telemetry_kind(&self) -> String;
}

impl<E: ?Sized> KindOfType for Failed<'_, E> {
    fn __telemetry_kind(&self) -> String {
        kind_of_name(&short_type_name::<E>(), "")
    }
}

/// A trait object of an error, with any further bounds.
pub trait AsError {
    /// Returns the error.
    fn as_error(&self) -> &(dyn Error + 'static);
}

macro_rules! objects {
    ($($ty:ty),+) => { $(
        impl AsError for $ty {
            fn as_error(&self) -> &(dyn Error + 'static) { self }
        }

        #[diagnostic::do_not_recommend]
        impl AsFailure for $ty {
            fn failure(&self) -> (String, String) {
                (with_causes(display_text(self), &mut || self.source()), kind_of_root(self))
            }
        }
    )+ };
}

objects!(dyn Error, dyn Error + Send, dyn Error + Sync, dyn Error + Send + Sync);

/// An error that a span can fail with: any `std::error::Error`, what a box or an `anyhow::Error` holds, or a text.
#[diagnostic::on_unimplemented(
    message = "a span cannot fail with `{Self}`",
    label = "neither an error nor text",
    note = "for a boxed error or an `anyhow::Error`, pass what it holds: `span.fail(&*error)`",
    note = "for a `String`, pass its text: `span.fail(&*text)`"
)]
pub trait AsFailure {
    #[doc(hidden)]
    fn failure(&self) -> (String, String);
}

#[diagnostic::do_not_recommend]
impl<E: Error> AsFailure for E {
    fn failure(&self) -> (String, String) {
        let text = with_causes(display_text(self), &mut || self.source());
        (text, kind_of_error(self))
    }
}

#[diagnostic::do_not_recommend]
impl AsFailure for str {
    fn failure(&self) -> (String, String) {
        (self.to_owned(), UNKNOWN.to_owned())
    }
}

/// A text followed by the causes that it does not hold already.
fn with_causes<'e>(
    mut text: String,
    source: &mut dyn FnMut() -> Option<&'e (dyn Error + 'static)>,
) -> String {
    let mut cause = contained(source).flatten();
    for _ in 0..MAX_CAUSES {
        let Some(error) = cause else { break };
        let told = display_text(error);
        if !text.contains(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = contained(&mut || error.source()).flatten();
    }
    text
}

/// The kind of an error by its type, or by its root cause where it is an `Arc` of an unknown one.
fn kind_of_error<E: Error>(error: &E) -> String {
    let name = short_type_name::<E>();
    if !name.contains("dyn ") {
        return kind_of_name(&name, &debug_text(error));
    }
    match contained(&mut || error.source()).flatten() {
        Some(cause) => contained(&mut || kind_of_root(cause)).unwrap_or_else(|| UNKNOWN.to_owned()),
        None => kind_of_texts(&debug_text(error), &display_text(error)),
    }
}

/// The kind of the innermost cause, where its `Debug` shows one.
fn kind_of_root(error: &(dyn Error + 'static)) -> String {
    let mut root = error;
    for _ in 0..MAX_CAUSES {
        match root.source() {
            Some(cause) => root = cause,
            None => break,
        }
    }
    if let Some(error) = root.downcast_ref::<std::io::Error>() {
        return error.error_type();
    }
    kind_of_texts(&debug_text(root), &display_text(root))
}

/// The kind that the texts of an error show. What is made from a message alone has that as its `Debug`.
fn kind_of_texts(debug: &str, display: &str) -> String {
    leading_name(debug).filter(|_| debug != display).unwrap_or(UNKNOWN).to_owned()
}

/// A type's short name with the variant that its `Debug` text begins with.
fn kind_of_name(name: &str, debug: &str) -> String {
    let name = pointee(name);
    let is_text = matches!(name, "()" | "str" | "String" | "Cow<str>" | "Cow<'_, str>");
    if is_text || name.contains("dyn ") {
        return UNKNOWN.to_owned();
    }
    match leading_name(debug) {
        Some(variant) if variant != name && !name.starts_with(&format!("{variant}<")) => {
            format!("{name}::{variant}")
        }
        _ => name.to_owned(),
    }
}

/// The name of the type that a pointer leads to: it makes no difference to an error's kind.
fn pointee(name: &str) -> &str {
    let held =
        ["Box<", "Arc<", "Rc<"].iter().find_map(|pointer| name.strip_prefix(pointer)?.strip_suffix('>'));
    match held.or_else(|| name.strip_prefix('&')) {
        Some(held) => pointee(held),
        None => name,
    }
}

/// The name of the variant or struct that a `Debug` text begins with, as `derive(Debug)` writes it.
fn leading_name(debug: &str) -> Option<&str> {
    let end = debug.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(debug.len());
    let (name, rest) = debug.split_at(end);
    let is_name = name.starts_with(|c: char| c.is_ascii_uppercase());
    let is_whole = rest.is_empty() || rest.starts_with('(') || rest.starts_with(" {");
    (is_name && is_whole).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_name_differs_from_a_sentence() {
        assert_eq!(leading_name("ApiError(ApiError { code: 1 })"), Some("ApiError"));
        assert_eq!(leading_name("Http { status: 500 }"), Some("Http"));
        assert_eq!(leading_name("Timeout"), Some("Timeout"));
        assert_eq!(leading_name("Connection refused"), None);
        assert_eq!(leading_name("\"text\""), None);
        assert_eq!(kind_of_name("OpenAIError", "ApiError(..)"), "OpenAIError::ApiError");
        assert_eq!(kind_of_name("MathError", "MathError"), "MathError");
        assert_eq!(kind_of_name("String", "\"no\""), "error");
        for name in ["&Api", "Box<Api>", "Arc<Box<Api>>", "&&Rc<Api>"] {
            assert_eq!(kind_of_name(name, "Status(500)"), "Api::Status");
        }
        for name in ["Arc<str>", "Box<String>", "Cow<'_, str>", "Box<dyn Failure>"] {
            assert_eq!(kind_of_name(name, "no"), "error");
        }
    }
}
