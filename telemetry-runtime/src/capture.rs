//! How a value is captured, chosen by the compiler from what its type can do.
//!
//! Three sources, three rules. An expression (`FIELD = EXPR`) is evaluated and recorded at once and
//! borrows nothing after. A parameter taken by its name is kept as it is where that is cheap and
//! safe, else serialised once. A tool's argument is like a parameter, and left out where it does not
//! serialise.
//!
//! Each rule is a list of traits with a method of one name, implemented for one more `&` each: the
//! compiler takes the first that fits.

use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::value::{Captured, Held, debug_text, display_text};

/// A value whose `Display` text would be recorded. Nothing is this: it makes the compiler say so.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded as it is: it does not implement `Serialize`",
    label = "write `%` before it to record its `Display` text: `KEY = %EXPR`",
    note = "or derive `serde::Serialize` for `{Self}`"
)]
pub trait NeedsPercent {}

/// A value whose `Debug` text would be recorded. Nothing is this: it makes the compiler say so.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded as it is: it does not implement `Serialize`",
    label = "write `?` before it to record its `Debug` text: `KEY = ?EXPR`",
    note = "or derive `serde::Serialize` for `{Self}`"
)]
pub trait NeedsDebug {}

/// A value that cannot be recorded. Nothing is this: it makes the compiler say so.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded: it implements none of `Serialize`, `Display` and `Debug`",
    label = "not recordable",
    note = "derive `serde::Serialize` for `{Self}`, record a part of it, or leave it out with `skip(..)`"
)]
pub trait NeedsSerialize {}

/// A value to record now.
pub struct Record<'p, T: ?Sized>(pub &'p T);

/// By its `Serialize`.
pub trait RecordSerialize {
    /// The value.
    fn record(&self) -> Captured<'static>;
}

impl<T: Serialize + ?Sized> RecordSerialize for &&&Record<'_, T> {
    fn record(&self) -> Captured<'static> {
        Held::serialized(self.0)
    }
}

/// It would need `%`.
pub trait RecordPercent<T: ?Sized> {
    /// The value.
    fn record(&self) -> Captured<'static>
    where
        T: NeedsPercent;
}

impl<T: Display + ?Sized> RecordPercent<T> for &&Record<'_, T> {
    fn record(&self) -> Captured<'static>
    where
        T: NeedsPercent,
    {
        Held::Absent
    }
}

/// It would need `?`.
pub trait RecordDebug<T: ?Sized> {
    /// The value.
    fn record(&self) -> Captured<'static>
    where
        T: NeedsDebug;
}

impl<T: Debug + ?Sized> RecordDebug<T> for &Record<'_, T> {
    fn record(&self) -> Captured<'static>
    where
        T: NeedsDebug,
    {
        Held::Absent
    }
}

/// It would need anything.
pub trait RecordNothing<T: ?Sized> {
    /// The value.
    fn record(&self) -> Captured<'static>
    where
        T: NeedsSerialize;
}

impl<T: ?Sized> RecordNothing<T> for Record<'_, T> {
    fn record(&self) -> Captured<'static>
    where
        T: NeedsSerialize,
    {
        Held::Absent
    }
}

/// A parameter, known by its name.
pub struct Param<'p, T: ?Sized>(pub &'p T);

/// An argument of a tool: as a parameter, and left out where it does not serialise.
pub struct Argument<'p, T: ?Sized>(pub &'p T);

/// A scalar or a borrowed string: kept in place.
pub trait KeepScalar<'a> {
    /// The value.
    fn keep(&self) -> Captured<'a>;
}

/// A shared reference: kept, and serialised if somebody looks.
pub trait KeepRef<'a> {
    /// The value.
    fn keep(&self) -> Captured<'a>;
}

/// Something else that is `Copy`: copied, and serialised if somebody looks.
pub trait KeepCopy<'a> {
    /// The value.
    fn keep(&self) -> Captured<'a>;
}

/// Anything else that serialises: serialised now.
pub trait KeepSerialize {
    /// The value.
    fn keep(&self) -> Captured<'static>;
}

macro_rules! scalars {
    ($holder:ident; $($variant:ident: $($ty:ty),+;)+) => { $($(
        impl KeepScalar<'static> for &&&&&&$holder<'_, $ty> {
            #[allow(clippy::cast_lossless, reason = "one line for every width")]
            fn keep(&self) -> Captured<'static> { Held::$variant(*self.0 as _) }
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

        impl<'a> KeepScalar<'a> for &&&&&&$holder<'_, &'a str> {
            fn keep(&self) -> Captured<'a> { Held::Str(self.0) }
        }

        impl<'a, T: Serialize + Send + Sync + 'a> KeepRef<'a> for &&&&&$holder<'_, &'a T> {
            fn keep(&self) -> Captured<'a> { Held::Ref(*self.0) }
        }

        impl<'a, T: Copy + Serialize + Send + Sync + 'a> KeepCopy<'a> for &&&&$holder<'_, T> {
            fn keep(&self) -> Captured<'a> { Held::Boxed(Box::new(*self.0)) }
        }

        impl<T: Serialize + ?Sized> KeepSerialize for &&&$holder<'_, T> {
            fn keep(&self) -> Captured<'static> { Held::serialized(self.0) }
        }
    )+ };
}

keepers!(Param, Argument);

/// It would need `%`.
pub trait KeepPercent<T: ?Sized> {
    /// The value.
    fn keep(&self) -> Captured<'static>
    where
        T: NeedsPercent;
}

impl<T: Display + ?Sized> KeepPercent<T> for &&Param<'_, T> {
    fn keep(&self) -> Captured<'static>
    where
        T: NeedsPercent,
    {
        Held::Absent
    }
}

/// It would need `?`.
pub trait KeepDebug<T: ?Sized> {
    /// The value.
    fn keep(&self) -> Captured<'static>
    where
        T: NeedsDebug;
}

impl<T: Debug + ?Sized> KeepDebug<T> for &Param<'_, T> {
    fn keep(&self) -> Captured<'static>
    where
        T: NeedsDebug,
    {
        Held::Absent
    }
}

/// It would need anything.
pub trait KeepNothing<T: ?Sized> {
    /// The value.
    fn keep(&self) -> Captured<'static>
    where
        T: NeedsSerialize;
}

impl<T: ?Sized> KeepNothing<T> for Param<'_, T> {
    fn keep(&self) -> Captured<'static>
    where
        T: NeedsSerialize,
    {
        Held::Absent
    }
}

/// It does not serialise.
pub trait LeaveOut {
    /// The value.
    fn keep(&self) -> Captured<'static>;
}

impl<T: ?Sized> LeaveOut for Argument<'_, T> {
    fn keep(&self) -> Captured<'static> {
        Held::Absent
    }
}

/// The arguments of a tool, as one map.
pub fn arguments<'a, const N: usize>(arguments: [(&'static str, Captured<'a>); N]) -> Captured<'a> {
    Held::Boxed(Box::new(Arguments(arguments)))
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

/// The `Display` text of a value.
pub fn display<T: Display + ?Sized>(value: &T) -> Captured<'static> {
    Held::Text(display_text(value).into())
}

/// The `Debug` text of a value.
pub fn debug<T: Debug + ?Sized>(value: &T) -> Captured<'static> {
    Held::Text(debug_text(value).into())
}

/// A text that is known at compile time.
pub const fn literal(text: &'static str) -> Captured<'static> {
    Held::Str(text)
}

/// A value for a documented key that holds text.
#[diagnostic::on_unimplemented(
    message = "this key holds text, and `{Self}` is none",
    label = "expected a string",
    note = "write `%` before it to record its `Display` text, or `?` for its `Debug` text"
)]
pub trait Text {
    /// The text.
    fn text(&self) -> Option<Cow<'_, str>>;
}

macro_rules! texts {
    ($($ty:ty),+) => { $(
        impl Text for $ty {
            fn text(&self) -> Option<Cow<'_, str>> { Some(Cow::Borrowed(self)) }
        }
    )+ };
}

texts!(str, String, Cow<'_, str>, Box<str>, Arc<str>, Rc<str>);

impl Text for char {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
}

impl<T: Text + ?Sized> Text for &T {
    fn text(&self) -> Option<Cow<'_, str>> {
        (**self).text()
    }
}

impl<T: Text + ?Sized> Text for &mut T {
    fn text(&self) -> Option<Cow<'_, str>> {
        (**self).text()
    }
}

impl<T: Text> Text for Option<T> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(Text::text)
    }
}

/// Captures text now.
pub fn text<T: Text + ?Sized>(value: &T) -> Captured<'static> {
    value.text().map_or(Held::Absent, |text| Held::Text(text.into()))
}

/// A parameter for a documented key that holds text: kept if it is a borrowed string.
pub struct TextParam<'p, T: ?Sized>(pub &'p T);

impl<'a> TextParam<'_, &'a str> {
    /// The text.
    pub fn keep(self) -> Captured<'a> {
        Held::Str(self.0)
    }
}

/// A text that is not a borrowed string.
pub trait TextKeep {
    /// The text.
    fn keep(self) -> Captured<'static>;
}

impl<T: Text + ?Sized> TextKeep for TextParam<'_, T> {
    fn keep(self) -> Captured<'static> {
        text(self.0)
    }
}

/// A value for a documented key that holds a whole number.
#[diagnostic::on_unimplemented(
    message = "this key holds a whole number, and `{Self}` is none",
    label = "expected an integer"
)]
pub trait Integer {
    /// The number.
    fn integer(&self) -> Captured<'static>;
}

macro_rules! integers {
    ($($variant:ident: $($ty:ty),+;)+) => { $($(
        impl Integer for $ty {
            #[allow(clippy::cast_lossless, reason = "one line for every width")]
            fn integer(&self) -> Captured<'static> { Held::$variant(*self as _) }
        }
    )+)+ };
}

integers! {
    I64: i8, i16, i32, i64, isize;
    U64: u8, u16, u32, u64, usize;
}

macro_rules! non_zero {
    ($($ty:ident),+) => { $(
        impl Integer for std::num::$ty {
            fn integer(&self) -> Captured<'static> { self.get().integer() }
        }
    )+ };
}

non_zero!(NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize);

impl Integer for u128 {
    fn integer(&self) -> Captured<'static> {
        Held::serialized(self)
    }
}

/// Captures a whole number.
pub fn integer<T: Integer + ?Sized>(value: &T) -> Captured<'static> {
    value.integer()
}

/// A value for a documented key that is true or false.
#[diagnostic::on_unimplemented(
    message = "this key is true or false, and `{Self}` is neither",
    label = "expected a `bool`"
)]
pub trait Flag {
    /// Which.
    fn flag(&self) -> Captured<'static>;
}

impl Flag for bool {
    fn flag(&self) -> Captured<'static> {
        Held::Bool(*self)
    }
}

/// Captures a boolean.
pub fn flag<T: Flag + ?Sized>(value: &T) -> Captured<'static> {
    value.flag()
}

/// A value for a documented key that holds a length of time.
#[diagnostic::on_unimplemented(
    message = "this key holds a length of time, and `{Self}` is none",
    label = "expected a `Duration`, or a whole number of nanoseconds"
)]
pub trait Nanos {
    /// The time in nanoseconds.
    fn nanos(&self) -> Captured<'static>;
}

impl Nanos for Duration {
    fn nanos(&self) -> Captured<'static> {
        Held::U64(u64::try_from(self.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Nanos for u64 {
    fn nanos(&self) -> Captured<'static> {
        Held::U64(*self)
    }
}

impl Nanos for i32 {
    fn nanos(&self) -> Captured<'static> {
        Held::I64((*self).into())
    }
}

/// Captures a length of time.
pub fn nanos<T: Nanos + ?Sized>(value: &T) -> Captured<'static> {
    value.nanos()
}

macro_rules! through {
    ($($interface:ident: $method:ident),+) => { $(
        impl<T: $interface + ?Sized> $interface for &T {
            fn $method(&self) -> Captured<'static> { (**self).$method() }
        }
        impl<T: $interface + ?Sized> $interface for &mut T {
            fn $method(&self) -> Captured<'static> { (**self).$method() }
        }
        impl<T: $interface> $interface for Option<T> {
            fn $method(&self) -> Captured<'static> {
                self.as_ref().map_or(Held::Absent, $interface::$method)
            }
        }
    )+ };
}

through!(Integer: integer, Flag: flag, Nanos: nanos);
