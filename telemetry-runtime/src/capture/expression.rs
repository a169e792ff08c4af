//! An expression of an annotation: `KEY = EXPR`, `KEY = %EXPR`, `KEY = ?EXPR`.

use std::fmt::{Debug, Display};

use serde::Serialize;

use crate::diagnostics::{NeedsDebug, NeedsPercent, NeedsSerialize};
use crate::value::{Captured, CapturedValue, debug_text, display_text};

/// A value to record now.
pub struct Record<'p, T: ?Sized>(pub &'p T);

/// Recorded through `Serialize`.
pub trait RecordSerialize {
    /// The value.
    fn __telemetry_record(&self) -> Captured<'static>;
}

impl<T: Serialize + ?Sized> RecordSerialize for &&&Record<'_, T> {
    fn __telemetry_record(&self) -> Captured<'static> {
        CapturedValue::serialized(self.0)
    }
}

/// Not `Serialize`, but `Display`: the message proposes `%`.
pub trait RecordPercent<T: ?Sized> {
    /// The value.
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsPercent;
}

impl<T: Display + ?Sized> RecordPercent<T> for &&Record<'_, T> {
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsPercent,
    {
        CapturedValue::Absent
    }
}

/// Not `Serialize`, but `Debug`: the message proposes `?`.
pub trait RecordDebug<T: ?Sized> {
    /// The value.
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsDebug;
}

impl<T: Debug + ?Sized> RecordDebug<T> for &Record<'_, T> {
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsDebug,
    {
        CapturedValue::Absent
    }
}

/// Nothing that can be recorded.
pub trait RecordNothing<T: ?Sized> {
    /// The value.
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsSerialize;
}

impl<T: ?Sized> RecordNothing<T> for Record<'_, T> {
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsSerialize,
    {
        CapturedValue::Absent
    }
}

/// A value that has a `Display` text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Display` text",
    label = "`%` records the `Display` text",
    note = "write `?` to record its `Debug` text, or no sigil to serialise it"
)]
pub trait AsDisplay {
    /// The text.
    fn display_now<D: ?Sized>(&self) -> CapturedValue<'static, D>;
}

#[diagnostic::do_not_recommend]
impl<T: Display + ?Sized> AsDisplay for T {
    fn display_now<D: ?Sized>(&self) -> CapturedValue<'static, D> {
        CapturedValue::Text(display_text(self).into())
    }
}

/// A value that has a `Debug` text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Debug` text",
    label = "`?` records the `Debug` text",
    note = "derive `Debug` for it, write `%` to record its `Display` text, or no sigil to serialise it"
)]
pub trait AsDebug {
    /// The text.
    fn debug_now<D: ?Sized>(&self) -> CapturedValue<'static, D>;
}

#[diagnostic::do_not_recommend]
impl<T: Debug + ?Sized> AsDebug for T {
    fn debug_now<D: ?Sized>(&self) -> CapturedValue<'static, D> {
        CapturedValue::Text(debug_text(self).into())
    }
}

/// A text that is known at compile time.
pub const fn literal(text: &'static str) -> Captured<'static> {
    CapturedValue::Str(text)
}
