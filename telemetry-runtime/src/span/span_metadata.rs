//! Spans of the user's own.

use crate::registry::SpanSite;
use crate::value::Captured;

/// A user's own span. Made by `#[derive(EventMetadata)]` with `#[span(..)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a span",
    note = "a span of your own is a struct with `#[derive(EventMetadata)]` and `#[span(\"a.b\", stop(..))]`"
)]
pub trait SpanMetadata {
    /// Its stop keys, one field each.
    type StopKeys: 'static;

    #[doc(hidden)]
    type Derives;

    #[doc(hidden)]
    const STOP_KEYS: Self::StopKeys;

    #[doc(hidden)]
    fn site() -> &'static SpanSite;

    #[doc(hidden)]
    fn capture<'k>(&self, set: &mut dyn FnMut(&'static str, Captured<'k>))
    where
        Self: 'k;
}
