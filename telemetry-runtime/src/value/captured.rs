//! Values as a span keeps them from where they are captured to where they are emitted.

use serde::Serialize;

use super::{Json, Lazy, Tree, Value};

/// A captured value. `D` is what a borrowed one is known as: see [`Captured`] and [`StopValue`].
#[derive(Default)]
pub enum CapturedValue<'a, D: ?Sized> {
    /// There is none: the key stays absent.
    #[default]
    Absent,
    /// No value, as of `()`.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that may be negative.
    I64(i64),
    /// An integer that is not.
    U64(u64),
    /// A float.
    F64(f64),
    /// A borrowed string.
    Str(&'a str),
    /// A borrowed value, serialised when it is looked at.
    Ref(&'a D),
    /// A copied value, serialised when it is looked at.
    Boxed(Box<D>),
    /// A string of its own.
    Text(Box<str>),
    /// A tree of its own.
    Json(Box<Json>),
}

/// What is captured at a span's start: it may travel between threads with the span's future.
pub type Captured<'a> = CapturedValue<'a, dyn Tree + Send + Sync + 'a>;

/// What is captured at a span's stop, where it is emitted at once.
pub type StopValue<'a> = CapturedValue<'a, dyn Tree + 'a>;

/// A type a borrowed value is known as.
pub trait Known {
    /// The same, as what is looked at.
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
    /// The value to be looked at, or none where the key stays absent.
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
    /// A tree of its own; scalars and strings in their short forms.
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
    /// Keeps a reference and serialises when somebody looks.
    pub fn lazy<T: Serialize>(value: &'a T) -> Self {
        Self::Ref(value)
    }
}

impl<'a> Captured<'a> {
    /// What a span captured, as something that is emitted at once.
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

    /// The same with nothing borrowed, for keeping beyond the borrow.
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
