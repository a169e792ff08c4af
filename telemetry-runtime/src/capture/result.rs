//! The result of a tool or of evaluated code.

use std::fmt::{Debug, Display};

use serde::Serialize;

use super::field::{Kept, KeptScalar};
use crate::value::{CapturedValue, StopValue, debug_text, display_text, opaque_marker};

/// The result of a tool or of evaluated code, whatever its type: what serialises is serialised, what has `Display` or
/// `Debug` is its text, and of anything else the name of the type stands in `<..>`.
pub struct Whole<'r, T: ?Sized>(pub &'r T);

/// A scalar or a string, or an `Option` of one.
pub trait WholeScalar<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

/// An `Option` of a `Serialize` value.
pub trait WholeOption<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Serialize> WholeOption<'r> for &&&&Whole<'r, Option<T>> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        self.0.as_ref().map_or(CapturedValue::Absent, StopValue::lazy)
    }
}

/// A `Serialize` value.
pub trait WholeSerialize<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Serialize> WholeSerialize<'r> for &&&Whole<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        StopValue::lazy(self.0)
    }
}

/// A value with a `Display` text.
pub trait WholeDisplay<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Display + ?Sized> WholeDisplay<'r> for &&Whole<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        CapturedValue::Text(display_text(self.0).into())
    }
}

/// A value with a `Debug` text.
pub trait WholeDebug<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Debug + ?Sized> WholeDebug<'r> for &Whole<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        CapturedValue::Text(debug_text(self.0).into())
    }
}

/// A value with none of these.
pub trait WholeOpaque<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: ?Sized> WholeOpaque<'r> for Whole<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        CapturedValue::Text(opaque_marker::<T>().into())
    }
}

macro_rules! scalars {
    ($($ty:ty),+ $(,)?) => { $(
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
    bool, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64,
    &str, String, Box<str>, std::sync::Arc<str>, std::borrow::Cow<'_, str>,
}
