//! The result of a tool or of evaluated code.

use std::fmt::{Debug, Display};

use serde::Serialize;

use super::field::{Kept, KeptScalar};
use crate::value::{CapturedValue, StopValue, debug_text, display_text};

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
    bool, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f64,
    &str, String, Box<str>, std::sync::Arc<str>, std::borrow::Cow<'_, str>,
}
