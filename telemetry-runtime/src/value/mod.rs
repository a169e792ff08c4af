//! The values that event keys hold.

mod captured;
mod serialize;

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

pub(crate) use captured::Field;
#[doc(hidden)]
pub use captured::{Captured, CapturedValue, StopValue};
pub use serialize::Json;
pub(crate) use serialize::Tree;
pub(crate) use serialize::{
    as_written, contained, debug_text, display_text, map_of, opaque_marker, short_type_name, tree_of,
};

/// One value of an event: a scalar, a string, or a borrowed value that is serialised only when a handler reads it.
///
/// Reading never fails: a `Serialize` that panics, fails or nests deeper than 124 levels reads as
/// the string `<unserialisable: TYPE>`.
///
/// ```
/// use telemetry_runtime::Value;
///
/// let usage = vec![1, 2, 3];
/// let value = Value::serialize(&usage);
/// assert_eq!(value.to_json(), serde_json::json!([1, 2, 3]));
/// assert_eq!(Value::from("ok").as_str(), Some("ok"));
/// assert_eq!(Value::from(7_u32), 7);
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A value without content, such as `()`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A float. Serialised as `null` where it is not finite, because JSON cannot express it.
    F64(f64),
    /// A string.
    Str(&'a str),
    /// A tree that is already serialised.
    Json(&'a Json),
    /// A borrowed value that is serialised when it is read.
    Lazy(Lazy<'a>),
}

impl dyn Tree + '_ {
    /// Reads the tree, without a copy where it is kept.
    fn read<R>(&self, read: impl FnOnce(&Json) -> R) -> R {
        match self.made() {
            Some(tree) => read(tree),
            None => read(&self.tree().unwrap_or(Json::Null)),
        }
    }
}

/// A borrowed value that has not been serialised yet. See [`Value::serialize`].
#[derive(Clone, Copy)]
pub struct Lazy<'a>(pub(crate) &'a (dyn Tree + 'a));

impl<'a> Value<'a> {
    /// A value that is serialised only when it is read.
    pub fn serialize<T: Serialize>(value: &'a T) -> Self {
        Self::Lazy(Lazy(value))
    }

    /// Returns the string without serialising. `None` for a lazy value, even if it serialises to a string: use
    /// [`to_json`](Self::to_json).
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Self::Str(text) => Some(text),
            Self::Json(Json::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Returns the boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match *self {
            Self::Bool(flag) | Self::Json(&Json::Bool(flag)) => Some(flag),
            Self::Lazy(Lazy(value)) => value.read(Json::as_bool),
            _ => None,
        }
    }

    /// Returns the integer, if this is one and not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Self::U64(number) => Some(number),
            Self::I64(number) => number.try_into().ok(),
            Self::Json(json) => json.as_u64(),
            Self::Lazy(Lazy(value)) => value.read(Json::as_u64),
            _ => None,
        }
    }

    /// Returns the integer, if this is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::I64(number) => Some(number),
            Self::U64(number) => number.try_into().ok(),
            Self::Json(json) => json.as_i64(),
            Self::Lazy(Lazy(value)) => value.read(Json::as_i64),
            _ => None,
        }
    }

    /// Returns the number as a float, if this is a number. A large integer loses digits.
    #[allow(clippy::cast_precision_loss, reason = "what a caller of `as_f64` asks for")]
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::F64(number) => Some(number),
            Self::I64(number) => Some(number as f64),
            Self::U64(number) => Some(number as f64),
            Self::Json(json) => json.as_f64(),
            Self::Lazy(Lazy(value)) => value.read(Json::as_f64),
            _ => None,
        }
    }

    /// Returns the whole value as a tree. This serialises a lazy value.
    pub fn to_json(&self) -> Json {
        match *self {
            Self::Null => Json::Null,
            Self::Bool(flag) => flag.into(),
            Self::I64(number) => number.into(),
            Self::U64(number) => number.into(),
            Self::F64(number) => number.into(),
            Self::Str(text) => text.into(),
            Self::Json(json) => json.clone(),
            Self::Lazy(Lazy(value)) => value.tree().unwrap_or(Json::Null),
        }
    }

    /// Reads the value as a `T`.
    ///
    /// # Errors
    /// If its tree does not have the shape of a `T`.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.to_json())
    }

    /// The value as one line of text: a string as it is, anything else as JSON.
    pub(crate) fn to_text(self) -> String {
        match self.as_str() {
            Some(text) => text.to_owned(),
            None => match self {
                Self::Lazy(Lazy(value)) => value.read(|tree| match tree {
                    Json::String(text) => text.clone(),
                    json => json.to_string(),
                }),
                value => value.to_json().to_string(),
            },
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

/// Strings as they are, anything else as JSON.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => f.pad(text),
            None => f.pad(&self.to_text()),
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Str(text) => serializer.serialize_str(text),
            Self::Json(json) => json.serialize(serializer),
            Self::Bool(flag) => serializer.serialize_bool(flag),
            Self::I64(number) => serializer.serialize_i64(number),
            Self::U64(number) => serializer.serialize_u64(number),
            Self::Lazy(Lazy(value)) => value.read(|tree| tree.serialize(serializer)),
            _ => self.to_json().serialize(serializer),
        }
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.to_json() == other.to_json()
    }
}

impl PartialEq<Json> for Value<'_> {
    fn eq(&self, other: &Json) -> bool {
        self.to_json() == *other
    }
}

macro_rules! scalars {
    ($($variant:ident: $($ty:ty),+;)+) => { $($(
        impl From<$ty> for Value<'_> {
            #[allow(clippy::cast_lossless, reason = "one line for every width")]
            fn from(value: $ty) -> Self { Self::$variant(value as _) }
        }
        impl PartialEq<$ty> for Value<'_> {
            #[allow(clippy::cast_lossless, reason = "one line for every width")]
            fn eq(&self, other: &$ty) -> bool { *self == Value::from(*other) }
        }
    )+)+ };
}

scalars! {
    Bool: bool;
    I64: i8, i16, i32, i64, isize;
    U64: u8, u16, u32, u64, usize;
    F64: f32, f64;
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Str(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Str(value)
    }
}

impl<'a> From<&'a Json> for Value<'a> {
    fn from(value: &'a Json) -> Self {
        Self::Json(value)
    }
}

impl PartialEq<str> for Value<'_> {
    fn eq(&self, other: &str) -> bool {
        *self == Value::Str(other)
    }
}

impl PartialEq<&str> for Value<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == Value::Str(other)
    }
}
