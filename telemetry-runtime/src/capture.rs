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

use crate::value::{Captured, CapturedValue, debug_text, display_text};

/// What no type is.
pub trait Never {}

/// Traits that no type has: a bound by one of them makes the compiler say what is missing.
macro_rules! needs {
    ($($(#[$attribute:meta])* $name:ident;)+) => { $(
        $(#[$attribute])*
        pub trait $name {}

        // So that the compiler does not say that nothing has it.
        #[diagnostic::do_not_recommend]
        impl<T: Never + ?Sized> $name for T {}
    )+ };
}

needs! {
    /// A value whose `Display` text could be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be recorded as it is: it does not implement `Serialize`",
        label = "write `%` before it to record its `Display` text: `KEY = %EXPR`",
        note = "or derive `serde::Serialize` for it"
    )]
    NeedsPercent;

    /// A value whose `Debug` text could be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be recorded as it is: it does not implement `Serialize`",
        label = "write `?` before it to record its `Debug` text: `KEY = ?EXPR`",
        note = "or derive `serde::Serialize` for it"
    )]
    NeedsDebug;

    /// A value that cannot be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be recorded: it implements none of `Serialize`, `Display` and `Debug`",
        label = "not recordable",
        note = "derive `serde::Serialize` for it, or record a part of it"
    )]
    NeedsSerialize;

    /// A parameter that cannot be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be recorded: it implements none of `Serialize`, `Display` and `Debug`",
        label = "this parameter is taken by its name",
        note = "derive `serde::Serialize` for it, or say what to record instead: `KEY = EXPR`"
    )]
    NeedsValue;

    /// A type with a name, where a future in a span is to be returned.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is no boxed future, and a future with a span around it cannot be returned as it",
        label = "a type with a name",
        note = "return `impl Future<Output = ..>`, or a boxed one: `Pin<Box<dyn Future<Output = ..>>>`",
        note = "if `{Self}` is no future at all, take `future` away"
    )]
    NeedsBoxedFuture;

    /// A type with a name, where a stream in a span is to be returned.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is no boxed stream, and a stream with a span around it cannot be returned as it",
        label = "a type with a name",
        note = "return `impl Stream<Item = ..>`, or a boxed one: `Pin<Box<dyn Stream<Item = ..>>>`",
        note = "if `{Self}` is no stream at all, take `stream` away"
    )]
    NeedsBoxedStream;

    /// Something returned that is no `Result`, where `err(..)` is said.
    #[diagnostic::on_unimplemented(
        message = "`err(..)` is for what returns a `Result`, and `{Self}` is none",
        label = "there is no error to say anything of",
        note = "take `err(..)` away, or say it of the value: `stop(|value| KEY = EXPR, ..)`"
    )]
    NeedsResult;

    /// A field that cannot be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a field of an event: it does not implement `Serialize`",
        label = "not serialisable",
        note = "derive `serde::Serialize` for it; or record its `Debug` text with `debug`, or leave it out with \
                `skip`, in this field's attribute"
    )]
    NeedsFieldAttribute;
}

/// A value to record now.
pub struct Record<'p, T: ?Sized>(pub &'p T);

/// By its `Serialize`.
pub trait RecordSerialize {
    /// The value.
    fn __telemetry_record(&self) -> Captured<'static>;
}

impl<T: Serialize + ?Sized> RecordSerialize for &&&Record<'_, T> {
    fn __telemetry_record(&self) -> Captured<'static> {
        CapturedValue::serialized(self.0)
    }
}

/// It would need `%`.
pub trait RecordPercent<T: ?Sized> {
    /// The value.
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsPercent;
}

impl<T: Display + ?Sized> RecordPercent<T> for &&Record<'_, T> {
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsPercent,
    {
        CapturedValue::Absent
    }
}

/// It would need `?`.
pub trait RecordDebug<T: ?Sized> {
    /// The value.
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsDebug;
}

impl<T: Debug + ?Sized> RecordDebug<T> for &Record<'_, T> {
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsDebug,
    {
        CapturedValue::Absent
    }
}

/// It would need anything.
pub trait RecordNothing<T: ?Sized> {
    /// The value.
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsSerialize;
}

impl<T: ?Sized> RecordNothing<T> for Record<'_, T> {
    fn __telemetry_record(&self) -> Captured<'static>
    where
        T: NeedsSerialize,
    {
        CapturedValue::Absent
    }
}

/// A parameter, known by its name.
pub struct Param<'p, T: ?Sized>(pub &'p T);

/// An argument of a tool: as a parameter, and left out where it does not serialise.
pub struct Argument<'p, T: ?Sized>(pub &'p T);

/// A scalar or a borrowed string: kept in place.
pub trait KeepScalar<'a> {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'a>;
}

/// A shared reference: kept, and serialised if somebody looks.
pub trait KeepRef<'a> {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'a>;
}

/// Something else that is `Copy`: copied, and serialised if somebody looks.
pub trait KeepCopy<'a> {
    /// The value.
    fn __telemetry_keep(&self) -> Captured<'a>;
}

/// Anything else that serialises: serialised now.
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

        impl<'a> KeepScalar<'a> for &&&&&&$holder<'_, &'a str> {
            fn __telemetry_keep(&self) -> Captured<'a> { CapturedValue::Str(self.0) }
        }

        // None leaves the key absent, which what is kept could not say later.
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

/// It would need `%`.
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

/// It would need `?`.
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

/// It would need anything.
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

/// It does not serialise.
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

/// A value that has a `Display` text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Display` text",
    label = "`%` records the `Display` text",
    note = "write `?` to record its `Debug` text, or nothing to serialise it"
)]
pub trait AsDisplay {
    /// The text.
    fn display_now<D: ?Sized>(&self) -> CapturedValue<'static, D>;
}

#[diagnostic::do_not_recommend]
impl<T: Display + ?Sized> AsDisplay for T {
    fn display_now<D: ?Sized>(&self) -> CapturedValue<'static, D> {
        CapturedValue::Text(display_text(self).into())
    }
}

/// A value that has a `Debug` text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Debug` text",
    label = "its `Debug` text is to be recorded",
    note = "derive `Debug` for it, write `%` to record its `Display` text, or nothing to serialise it"
)]
pub trait AsDebug {
    /// The text.
    fn debug_now<D: ?Sized>(&self) -> CapturedValue<'static, D>;
}

#[diagnostic::do_not_recommend]
impl<T: Debug + ?Sized> AsDebug for T {
    fn debug_now<D: ?Sized>(&self) -> CapturedValue<'static, D> {
        CapturedValue::Text(debug_text(self).into())
    }
}

/// A text that is known at compile time.
pub const fn literal(text: &'static str) -> Captured<'static> {
    CapturedValue::Str(text)
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

/// A value for a documented key that is true or false.
#[diagnostic::on_unimplemented(
    message = "this key is true or false, and `{Self}` is neither",
    label = "expected a `bool`"
)]
pub trait Flag {
    /// Which.
    fn flag(&self) -> Captured<'static>;
}

#[diagnostic::do_not_recommend]
impl Flag for bool {
    fn flag(&self) -> Captured<'static> {
        CapturedValue::Bool(*self)
    }
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

through!(Integer: integer, Flag: flag, Nanos: nanos);

/// A number that an event measures.
#[diagnostic::on_unimplemented(
    message = "a measurement is a number, and `{Self}` is none",
    label = "expected a number or a `Duration`",
    note = "what is no number goes without `measurement`"
)]
pub trait Measure {
    /// The number; a length of time in nanoseconds.
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
    Integer integer: i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, u128;
    Nanos nanos: Duration;
}

macro_rules! measured_floats {
    ($($ty:ty),+) => { $(
        #[diagnostic::do_not_recommend]
        impl Measure for $ty {
            fn measured(&self) -> Captured<'static> { CapturedValue::F64((*self).into()) }
        }
    )+ };
}

measured_floats!(f32, f64);

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
