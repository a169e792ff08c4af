//! A value of a documented key, whose type the catalogue gives.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::value::{Captured, CapturedValue, as_written};

/// A value for a documented key that holds text.
#[diagnostic::on_unimplemented(
    message = "this key holds text, and `{Self}` is not text",
    label = "expected a string",
    note = "write `%` before it to record its `Display` text, or `?` for its `Debug` text"
)]
pub trait Text {
    /// The text.
    fn text(&self) -> Option<Cow<'_, str>>;

    /// The text, captured.
    fn text_now(&self) -> Captured<'static> {
        self.text().map_or(CapturedValue::Absent, |text| CapturedValue::Text(text.into()))
    }
}

macro_rules! texts {
    ($($ty:ty),+) => { $(
        #[diagnostic::do_not_recommend]
        impl Text for $ty {
            fn text(&self) -> Option<Cow<'_, str>> { Some(Cow::Borrowed(self)) }
        }
    )+ };
}

texts!(str, String, Cow<'_, str>, Box<str>, Arc<str>, Rc<str>);

#[diagnostic::do_not_recommend]
impl Text for char {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Text + ?Sized> Text for &T {
    fn text(&self) -> Option<Cow<'_, str>> {
        (**self).text()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Text + ?Sized> Text for &mut T {
    fn text(&self) -> Option<Cow<'_, str>> {
        (**self).text()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Text> Text for Option<T> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(Text::text)
    }
}

/// A value for a documented key that holds an integer.
#[diagnostic::on_unimplemented(
    message = "this key holds an integer, and `{Self}` is not an integer",
    label = "expected an integer"
)]
pub trait Integer {
    /// The number.
    fn integer(&self) -> Captured<'static>;
}

macro_rules! integers {
    ($($variant:ident: $($ty:ty),+;)+) => { $($(
        #[diagnostic::do_not_recommend]
        impl Integer for $ty {
            #[allow(clippy::cast_lossless, reason = "one line for every width")]
            fn integer(&self) -> Captured<'static> { CapturedValue::$variant(*self as _) }
        }
    )+)+ };
}

integers! {
    I64: i8, i16, i32, i64, isize;
    U64: u8, u16, u32, u64, usize;
}

macro_rules! non_zero {
    ($($ty:ident),+) => { $(
        #[diagnostic::do_not_recommend]
        impl Integer for std::num::$ty {
            fn integer(&self) -> Captured<'static> { self.get().integer() }
        }
    )+ };
}

non_zero!(NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize);

#[diagnostic::do_not_recommend]
impl Integer for u128 {
    fn integer(&self) -> Captured<'static> {
        CapturedValue::serialized(self)
    }
}

/// A value for a documented key that holds a number.
#[diagnostic::on_unimplemented(
    message = "this key holds a number, and `{Self}` is not a number",
    label = "expected a number"
)]
pub trait Number {
    /// The number.
    fn number(&self) -> Captured<'static>;
}

macro_rules! numbers {
    ($($ty:ty),+) => { $(
        #[diagnostic::do_not_recommend]
        impl Number for $ty {
            fn number(&self) -> Captured<'static> { Integer::integer(self) }
        }
    )+ };
}

numbers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, u128);

#[diagnostic::do_not_recommend]
impl Number for f64 {
    fn number(&self) -> Captured<'static> {
        CapturedValue::F64(*self)
    }
}

#[diagnostic::do_not_recommend]
impl Number for f32 {
    fn number(&self) -> Captured<'static> {
        CapturedValue::F64(as_written(*self))
    }
}

/// A value for a documented key that holds a boolean.
#[diagnostic::on_unimplemented(
    message = "this key holds a boolean, and `{Self}` is not a `bool`",
    label = "expected a `bool`"
)]
pub trait Flag {
    /// The boolean.
    fn flag(&self) -> Captured<'static>;
}

#[diagnostic::do_not_recommend]
impl Flag for bool {
    fn flag(&self) -> Captured<'static> {
        CapturedValue::Bool(*self)
    }
}

/// A value for a documented key that holds a duration.
#[diagnostic::on_unimplemented(
    message = "this key holds a duration, and `{Self}` is not a duration",
    label = "expected a `Duration`, or an integer of nanoseconds"
)]
pub trait Nanos {
    /// The time in nanoseconds.
    fn nanos(&self) -> Captured<'static>;
}

#[diagnostic::do_not_recommend]
impl Nanos for Duration {
    fn nanos(&self) -> Captured<'static> {
        CapturedValue::U64(u64::try_from(self.as_nanos()).unwrap_or(u64::MAX))
    }
}

#[diagnostic::do_not_recommend]
impl Nanos for u64 {
    fn nanos(&self) -> Captured<'static> {
        CapturedValue::U64(*self)
    }
}

#[diagnostic::do_not_recommend]
impl Nanos for i32 {
    fn nanos(&self) -> Captured<'static> {
        CapturedValue::I64((*self).into())
    }
}

macro_rules! through {
    ($($interface:ident: $method:ident),+) => { $(
        #[diagnostic::do_not_recommend]
        impl<T: $interface + ?Sized> $interface for &T {
            fn $method(&self) -> Captured<'static> { (**self).$method() }
        }
        #[diagnostic::do_not_recommend]
        impl<T: $interface + ?Sized> $interface for &mut T {
            fn $method(&self) -> Captured<'static> { (**self).$method() }
        }
        #[diagnostic::do_not_recommend]
        impl<T: $interface> $interface for Option<T> {
            fn $method(&self) -> Captured<'static> {
                self.as_ref().map_or(CapturedValue::Absent, $interface::$method)
            }
        }
    )+ };
}

through!(Integer: integer, Flag: flag, Nanos: nanos, Number: number);

/// A number that an event measures.
#[diagnostic::on_unimplemented(
    message = "a measurement is a number, and `{Self}` is not a number",
    label = "expected a number or a `Duration`",
    note = "without `measurement` it is recorded as metadata"
)]
pub trait Measure {
    /// The number; a duration in nanoseconds.
    fn measured(&self) -> Captured<'static>;
}

macro_rules! measures {
    ($($interface:ident $method:ident: $($ty:ty),+;)+) => { $($(
        #[diagnostic::do_not_recommend]
        impl Measure for $ty {
            fn measured(&self) -> Captured<'static> { $interface::$method(self) }
        }
    )+)+ };
}

measures! {
    Number number: i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, u128, f64, f32;
    Nanos nanos: Duration;
}

#[diagnostic::do_not_recommend]
impl<T: Measure + ?Sized> Measure for &T {
    fn measured(&self) -> Captured<'static> {
        (**self).measured()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Measure> Measure for Option<T> {
    fn measured(&self) -> Captured<'static> {
        self.as_ref().map_or(CapturedValue::Absent, Measure::measured)
    }
}
