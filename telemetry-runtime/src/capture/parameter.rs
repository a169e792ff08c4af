//! A parameter that is taken by its name, and an argument of a tool.

use std::fmt::{Debug, Display};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::typed::Text;
use crate::diagnostics::{NeedsDebug, NeedsPercent, NeedsValue};
use crate::value::{Captured, CapturedValue, Json, as_written, debug_text, opaque_marker};

/// A parameter, known by its name.
pub struct Param<'p, T: ?Sized>(pub &'p T);

/// An argument of a tool: as a parameter; by its `Debug` text where it does not serialise.
pub struct Argument<'p, T: ?Sized>(pub &'p T);

/// A scalar or a borrowed string: kept in place.
pub trait KeepScalar<'a> {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'a>;
}

/// A shared reference: kept, and serialised when a handler reads it.
pub trait KeepRef<'a> {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'a>;
}

/// Any other `Copy` value: copied, and serialised when a handler reads it.
pub trait KeepCopy<'a> {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'a>;
}

/// Any other `Serialize` value: serialised now.
pub trait KeepSerialize {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'static>;
}

macro_rules! scalars {
    ($holder:ident; $($variant:ident: $($ty:ty),+;)+) => { $($(
        impl KeepScalar<'static> for &&&&&&$holder<'_, $ty> {
            #[allow(clippy::cast_lossless, reason = "one line for every width")]
            fn __telemetry_keep(&self) -> Captured<'static> { CapturedValue::$variant(*self.0 as _) }
        }
    )+)+ };
}

macro_rules! keepers {
    ($($holder:ident),+) => { $(
        scalars! {
            $holder;
            Bool: bool;
            I64: i8, i16, i32, i64, isize;
            U64: u8, u16, u32, u64, usize;
            F64: f64;
        }

        impl KeepScalar<'static> for &&&&&&$holder<'_, f32> {
            fn __telemetry_keep(&self) -> Captured<'static> { CapturedValue::F64(as_written(*self.0)) }
        }

        impl<'a> KeepScalar<'a> for &&&&&&$holder<'_, &'a str> {
            fn __telemetry_keep(&self) -> Captured<'a> { CapturedValue::Str(self.0) }
        }

        // `None` leaves the key absent, which must be known now.
        impl<'a, T: Copy + Serialize + Send + Sync + 'a> KeepScalar<'a> for &&&&&&$holder<'_, Option<T>> {
            fn __telemetry_keep(&self) -> Captured<'a> {
                self.0.map_or(CapturedValue::Absent, |value| CapturedValue::Boxed(Box::new(value)))
            }
        }

        impl<'a, T: Serialize + Send + Sync + 'a> KeepScalar<'a> for &&&&&&$holder<'_, &'a Option<T>> {
            fn __telemetry_keep(&self) -> Captured<'a> {
                self.0.as_ref().map_or(CapturedValue::Absent, |value| CapturedValue::Ref(value))
            }
        }

        impl<'a, T: Serialize + Send + Sync + 'a> KeepRef<'a> for &&&&&$holder<'_, &'a T> {
            fn __telemetry_keep(&self) -> Captured<'a> { CapturedValue::Ref(*self.0) }
        }

        impl<'a, T: Copy + Serialize + Send + Sync + 'a> KeepCopy<'a> for &&&&$holder<'_, T> {
            fn __telemetry_keep(&self) -> Captured<'a> { CapturedValue::Boxed(Box::new(*self.0)) }
        }

        impl<T: Serialize + ?Sized> KeepSerialize for &&&$holder<'_, T> {
            fn __telemetry_keep(&self) -> Captured<'static> { CapturedValue::serialized(self.0) }
        }
    )+ };
}

keepers!(Param, Argument);

/// Not `Serialize`, but `Display`: the message proposes `%`.
pub trait KeepPercent<T: ?Sized> {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'static>
    where
        T: NeedsPercent;
}

impl<T: Display + ?Sized> KeepPercent<T> for &&Param<'_, T> {
    fn __telemetry_keep(&self) -> Captured<'static>
    where
        T: NeedsPercent,
    {
        CapturedValue::Absent
    }
}

/// Not `Serialize`, but `Debug`: the message proposes `?`.
pub trait KeepDebug<T: ?Sized> {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'static>
    where
        T: NeedsDebug;
}

impl<T: Debug + ?Sized> KeepDebug<T> for &Param<'_, T> {
    fn __telemetry_keep(&self) -> Captured<'static>
    where
        T: NeedsDebug,
    {
        CapturedValue::Absent
    }
}

/// Nothing that can be recorded.
pub trait KeepNothing<T: ?Sized> {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'static>
    where
        T: NeedsValue;
}

impl<T: ?Sized> KeepNothing<T> for Param<'_, T> {
    fn __telemetry_keep(&self) -> Captured<'static>
    where
        T: NeedsValue,
    {
        CapturedValue::Absent
    }
}

/// An argument that has `Debug` alone: frameworks ask for `Deserialize` only.
pub trait KeepText {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'static>;
}

impl<T: Debug + ?Sized> KeepText for &&Argument<'_, T> {
    fn __telemetry_keep(&self) -> Captured<'static> {
        CapturedValue::Text(debug_text(self.0).into())
    }
}

/// An argument that has neither `Serialize` nor `Debug`.
pub trait LeaveOut {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'static>;
}

impl<T: ?Sized> LeaveOut for Argument<'_, T> {
    fn __telemetry_keep(&self) -> Captured<'static> {
        CapturedValue::Absent
    }
}

/// The arguments of a tool, as one map.
pub fn arguments<'a, const N: usize>(arguments: [(&'static str, Captured<'a>); N]) -> Captured<'a> {
    CapturedValue::Boxed(Box::new(Arguments(arguments)))
}

struct Arguments<'a, const N: usize>([(&'static str, Captured<'a>); N]);

impl<const N: usize> Serialize for Arguments<'_, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.0 {
            if let Some(value) = value.value() {
                map.serialize_entry(name, &value)?;
            }
        }
        map.end()
    }
}

/// The argument that is the map of all others, `Parameters<T>`; a mark where it cannot be recorded.
pub fn whole_argument<'a, T: ?Sized>(value: Captured<'a>, _: &T) -> Captured<'a> {
    match value {
        CapturedValue::Absent => CapturedValue::Text(opaque_marker::<T>().into()),
        value => value,
    }
}

/// How much of a text is read as JSON arguments.
const MAX_JSON_ARGUMENTS: usize = 1 << 20;

/// Arguments as the model wrote them: a string that holds a JSON object is that object.
pub fn json_arguments(value: Captured<'_>) -> Captured<'_> {
    let object = value.value().and_then(|value| {
        let text = value.as_str()?.trim();
        let looks = text.starts_with('{') && text.ends_with('}') && text.len() <= MAX_JSON_ARGUMENTS;
        let object = looks.then(|| serde_json::from_str::<serde_json::Map<String, Json>>(text).ok());
        object.flatten().map(Json::Object)
    });
    object.map_or(value, |object| CapturedValue::from_tree(Some(object)))
}

/// A parameter for a documented key that holds text: kept if it is a borrowed string.
pub struct TextParam<'p, T: ?Sized>(pub &'p T);

impl<'a> TextParam<'_, &'a str> {
    /// The text.
    pub fn __telemetry_keep(self) -> Captured<'a> {
        CapturedValue::Str(self.0)
    }
}

/// A text that is not a borrowed string.
pub trait TextKeep {
    /// The text.
    fn __telemetry_keep(self) -> Captured<'static>;
}

impl<T: Text + ?Sized> TextKeep for TextParam<'_, T> {
    fn __telemetry_keep(self) -> Captured<'static> {
        self.0.text_now()
    }
}
