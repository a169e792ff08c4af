//! Values that a span keeps from capture to emission.

use serde::Serialize;

use super::{Json, Lazy, Tree, Value};

/// A value captured for an event; `D` is the trait object for borrowed values. See [`Captured`] and [`StopValue`].
#[derive(Default)]
pub enum CapturedValue<'a, D: ?Sized> {
    /// `None`: the key stays absent.
    #[default]
    Absent,
    /// A value without content, such as `()`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A float.
    F64(f64),
    /// A borrowed string.
    Str(&'a str),
    /// A borrowed value, serialised when it is read.
    Ref(&'a D),
    /// A copied value, serialised when it is read.
    Boxed(Box<D>),
    /// An owned string.
    Text(Box<str>),
    /// An owned tree.
    Json(Box<Json>),
}

/// What is captured at a span's start: it may travel between threads with the span's future.
pub type Captured<'a> = CapturedValue<'a, dyn Tree + Send + Sync + 'a>;

/// What is captured at a span's stop, where it is emitted at once.
pub type StopValue<'a> = CapturedValue<'a, dyn Tree + 'a>;

/// A trait object that borrowed values are kept as.
pub trait Known {
    /// The value as handlers see it.
    fn lazy(&self) -> Lazy<'_>;
}

impl Known for dyn Tree + Send + Sync + '_ {
    fn lazy(&self) -> Lazy<'_> {
        Lazy(self)
    }
}

impl Known for dyn Tree + '_ {
    fn lazy(&self) -> Lazy<'_> {
        Lazy(self)
    }
}

impl<D: ?Sized + Known> CapturedValue<'_, D> {
    /// The value as handlers see it; `None` if the key stays absent.
    #[inline]
    pub fn value(&self) -> Option<Value<'_>> {
        Some(match self {
            Self::Absent => return None,
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::I64(number) => Value::I64(*number),
            Self::U64(number) => Value::U64(*number),
            Self::F64(number) => Value::F64(*number),
            Self::Str(text) => Value::Str(text),
            Self::Ref(value) => Value::Lazy(value.lazy()),
            Self::Boxed(value) => Value::Lazy(value.lazy()),
            Self::Text(text) => Value::Str(text),
            Self::Json(json) => Value::Json(json),
        })
    }
}

impl<D: ?Sized> CapturedValue<'_, D> {
    /// An owned tree; scalars and strings in their short forms.
    pub fn from_tree(tree: Option<Json>) -> Self {
        match tree {
            None => Self::Absent,
            Some(Json::Null) => Self::Null,
            Some(Json::Bool(flag)) => Self::Bool(flag),
            Some(Json::String(text)) => Self::Text(text.into()),
            Some(Json::Number(number)) => {
                if let Some(number) = number.as_u64() {
                    Self::U64(number)
                } else if let Some(number) = number.as_i64() {
                    Self::I64(number)
                } else {
                    Self::F64(number.as_f64().unwrap_or(f64::NAN))
                }
            }
            Some(tree) => Self::Json(Box::new(tree)),
        }
    }

    /// Serialises now.
    pub fn serialized<T: Serialize + ?Sized>(value: &T) -> Self {
        Self::from_tree(super::tree_of(value))
    }
}

impl<'a> StopValue<'a> {
    /// Keeps a reference, which is serialised when a handler reads it.
    pub fn lazy<T: Serialize>(value: &'a T) -> Self {
        Self::Ref(value)
    }
}

impl<'a> Captured<'a> {
    /// A captured value as a stop value.
    pub(crate) fn into_stop(self) -> StopValue<'a> {
        match self {
            CapturedValue::Absent => CapturedValue::Absent,
            CapturedValue::Null => CapturedValue::Null,
            CapturedValue::Bool(flag) => CapturedValue::Bool(flag),
            CapturedValue::I64(number) => CapturedValue::I64(number),
            CapturedValue::U64(number) => CapturedValue::U64(number),
            CapturedValue::F64(number) => CapturedValue::F64(number),
            CapturedValue::Str(text) => CapturedValue::Str(text),
            CapturedValue::Ref(value) => CapturedValue::Ref(value),
            CapturedValue::Boxed(value) => CapturedValue::Boxed(value),
            CapturedValue::Text(text) => CapturedValue::Text(text),
            CapturedValue::Json(json) => CapturedValue::Json(json),
        }
    }

    /// Returns this with nothing borrowed.
    pub(crate) fn into_owned(self) -> Captured<'static> {
        match self {
            CapturedValue::Absent => CapturedValue::Absent,
            CapturedValue::Null => CapturedValue::Null,
            CapturedValue::Bool(flag) => CapturedValue::Bool(flag),
            CapturedValue::I64(number) => CapturedValue::I64(number),
            CapturedValue::U64(number) => CapturedValue::U64(number),
            CapturedValue::F64(number) => CapturedValue::F64(number),
            CapturedValue::Str(text) => CapturedValue::Text(text.into()),
            CapturedValue::Ref(value) => CapturedValue::from_tree(value.tree()),
            CapturedValue::Boxed(value) => CapturedValue::from_tree(value.tree()),
            CapturedValue::Text(text) => CapturedValue::Text(text),
            CapturedValue::Json(json) => CapturedValue::Json(json),
        }
    }
}

/// A key and its value, captured at a span's start.
pub(crate) type Field<'a> = (&'static str, Captured<'a>);

macro_rules! scalars {
    ($($ty:ty: $value:ident => $captured:expr;)+) => { $(
        impl<D: ?Sized> From<$ty> for CapturedValue<'_, D> {
            #[allow(clippy::cast_lossless, reason = "one line for every width")]
            fn from($value: $ty) -> Self { $captured }
        }
    )+ };
}

scalars! {
    bool: value => Self::Bool(value);
    i8: value => Self::I64(value as _);
    i16: value => Self::I64(value as _);
    i32: value => Self::I64(value as _);
    i64: value => Self::I64(value);
    u8: value => Self::U64(value as _);
    u16: value => Self::U64(value as _);
    u32: value => Self::U64(value as _);
    u64: value => Self::U64(value);
    usize: value => Self::U64(value as _);
    f64: value => Self::F64(value);
    String: value => Self::Text(value.into());
}

impl<'a, D: ?Sized> From<&'a str> for CapturedValue<'a, D> {
    fn from(text: &'a str) -> Self {
        Self::Str(text)
    }
}

impl<'a, D: ?Sized> From<&'a String> for CapturedValue<'a, D> {
    fn from(text: &'a String) -> Self {
        Self::Str(text)
    }
}

impl<'a, D: ?Sized, T: Into<CapturedValue<'a, D>>> From<Option<T>> for CapturedValue<'a, D> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}
