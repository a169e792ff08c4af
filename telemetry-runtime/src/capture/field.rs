//! A field of a derived event, span or stop.

use serde::Serialize;

use crate::diagnostics::NeedsFieldAttribute;
use crate::value::{CapturedValue, StopValue, as_written};

/// A field of a derived event or stop.
pub struct Kept<'r, T: ?Sized>(pub &'r T);

/// A scalar or a string, or an `Option` of one: kept without serialising.
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
    f32: value => CapturedValue::F64(as_written(*value));
    f64: value => CapturedValue::F64(*value);
    &str: value => CapturedValue::Str(value);
    String: value => CapturedValue::Str(value);
    Box<str>: value => CapturedValue::Str(value);
    std::sync::Arc<str>: value => CapturedValue::Str(value);
    std::borrow::Cow<'_, str>: value => CapturedValue::Str(value);
}

/// An `Option` of a `Serialize` value: `None` leaves the key absent.
pub trait KeptOption<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Serialize> KeptOption<'r> for &&Kept<'r, Option<T>> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        self.0.as_ref().map_or(CapturedValue::Absent, StopValue::lazy)
    }
}

/// A `Serialize` value.
pub trait KeptSerialize<'r> {
    /// The value.
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Serialize> KeptSerialize<'r> for &Kept<'r, T> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        StopValue::lazy(self.0)
    }
}

/// A value that does not implement `Serialize`.
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
