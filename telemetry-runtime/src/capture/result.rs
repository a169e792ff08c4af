//! The result of a tool or of evaluated code.

use std::fmt::{Debug, Display};

use serde::Serialize;

use super::field::{Kept, KeptScalar};
use crate::value::{CapturedValue, StopValue, contained, debug_text, display_text, opaque_marker};

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

/// A return value that may be a failure, although it is not an `Err`: MCP servers answer so.
///
/// The stop of a `tool_call` whose value is a failure has the status `error`, the text as `error`, `tool_error` as
/// `error_type`, and the value as its `result`. Keys that `stop(..)` gives win.
///
/// ```
/// use serde::Serialize;
/// use telemetry_runtime::{FailureValue, testing, tool_call};
///
/// #[derive(Serialize)]
/// enum Output {
///     Text(String),
///     Fail(String),
/// }
///
/// impl FailureValue for Output {
///     fn failure(&self) -> Option<String> {
///         match self {
///             Self::Text(_) => None,
///             Self::Fail(why) => Some(why.clone()),
///         }
///     }
/// }
///
/// #[tool_call]
/// fn look(city: &str) -> Output {
///     Output::Fail(format!("no such city: {city}"))
/// }
///
/// let capture = testing::capture();
/// capture.scope(|| look("Atlantis"));
/// assert_eq!(capture.events()[1].get("status").unwrap(), "error");
/// assert_eq!(capture.events()[1].get("error").unwrap(), "no such city: Atlantis");
/// ```
pub trait FailureValue {
    /// Returns the failure's text; `None` if the value is a success.
    fn failure(&self) -> Option<String>;
}

/// A value that knows whether it is a failure.
pub trait MayFail {
    /// The failure's text.
    fn __telemetry_failure(&self) -> Option<String>;
}

impl<T: FailureValue + ?Sized> MayFail for &Whole<'_, T> {
    fn __telemetry_failure(&self) -> Option<String> {
        contained(&mut || self.0.failure()).flatten()
    }
}

/// Any other value, which is a success.
pub trait Succeeds {
    /// None.
    fn __telemetry_failure(&self) -> Option<String>;
}

impl<T: ?Sized> Succeeds for Whole<'_, T> {
    fn __telemetry_failure(&self) -> Option<String> {
        None
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
