//! Serialising, formatting and naming that cannot fail: the one place where the user's
//! `Serialize`, `Debug` and `Display` run.
//!
//! User code may panic, fail or recurse without end: the value becomes `<unserialisable: TYPE>`. The limits are
//! 124 levels of a `Serialize` and 512 KiB of stack. It may emit events. It hangs if it takes a lock that the
//! caller holds, as in any serialiser.

use std::cell::Cell;
use std::fmt::{self, Debug, Display, Write as _};

use serde::ser::{self, Serialize};

use crate::panics;

/// An owned tree of values, in the form of JSON.
pub type Json = serde_json::Value;

/// A value that can be made into a tree. `None` stands for `Option::None`: the key stays absent.
pub trait Tree {
    /// Serialises; a value that panics or fails becomes a placeholder.
    fn tree(&self) -> Option<Json>;

    /// The tree, if it is kept once it is made.
    fn made(&self) -> Option<&Json> {
        None
    }
}

impl<T: Serialize + ?Sized> Tree for T {
    fn tree(&self) -> Option<Json> {
        tree_of(self)
    }
}

/// How deep a value may nest.
/// An event as JSON nests a value within its metadata, and `serde_json` reads 128 levels back.
const MAX_DEPTH: u32 = 124;
/// How much stack the user's code may take, before it is seen to nest again.
const MAX_STACK: usize = 512 * 1024;
/// How many captures may run within each other, such as a `Serialize` that calls annotated functions.
const MAX_NESTING: u32 = 16;

/// How deep the user's code runs within itself in this thread.
#[derive(Clone, Copy)]
struct Nesting {
    captures: u32,
    /// Where the stack was when the outermost began.
    base: usize,
}

impl Nesting {
    const NONE: Self = Self { captures: 0, base: 0 };
}

thread_local! {
    static NESTING: Cell<Nesting> = const { Cell::new(Nesting::NONE) };
}

/// Whether the user's code may go deeper into the stack.
fn has_stack() -> bool {
    let base = NESTING.try_with(|nesting| nesting.get().base).unwrap_or(0);
    base == 0 || stack_position().abs_diff(base) <= MAX_STACK
}

/// The marker for a value that would not be recorded.
fn marker<T: ?Sized>() -> String {
    // A reference to it is nothing else that could not be recorded.
    format!("<unserialisable: {}>", short_type_name::<T>().trim_start_matches('&'))
}

/// The marker for a value that has nothing to record: the name of its type.
pub(crate) fn opaque_marker<T: ?Sized>() -> String {
    if std::any::type_name::<T>().ends_with("{{closure}}") {
        return "<closure>".to_owned();
    }
    format!("<{}>", short_type_name::<T>().trim_start_matches('&'))
}

/// Runs the user's code; `None` if it panics, or if such code already runs too deep within itself.
pub(crate) fn contained<R>(run: &mut dyn FnMut() -> R) -> Option<R> {
    let _nested = Nested::enter()?;
    panics::contain(run).ok()
}

/// Code of the user's that runs, until this is dropped.
struct Nested {
    around: Nesting,
}

impl Nested {
    /// Returns `None` where such code runs too deep within itself already.
    fn enter() -> Option<Self> {
        // In a thread that ends there may be no count any more: each is then the outermost.
        let around = NESTING.try_with(Cell::get).unwrap_or(Nesting::NONE);
        if around.captures >= MAX_NESTING || !has_stack() {
            return None;
        }
        let base = if around.captures == 0 { stack_position() } else { around.base };
        let _ = NESTING.try_with(|nesting| nesting.set(Nesting { captures: around.captures + 1, base }));
        Some(Self { around })
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        let _ = NESTING.try_with(|nesting| nesting.set(self.around));
    }
}

/// The tree of a value; `None` for `Option::None`.
pub(crate) fn tree_of<T: Serialize + ?Sized>(value: &T) -> Option<Json> {
    match contained(&mut || value.serialize(TreeSerializer { depth: 0 })) {
        Some(Ok(tree)) => tree,
        _ => Some(Json::String(marker::<T>())),
    }
}

/// The tree of a value whose own is an object, else what it is instead.
pub(crate) fn map_of<T: Serialize + ?Sized>(value: &T) -> Result<serde_json::Map<String, Json>, Json> {
    match tree_of(value) {
        Some(Json::Object(map)) => Ok(map),
        None | Some(Json::Null) => Ok(serde_json::Map::new()),
        Some(other) => Err(other),
    }
}

/// The string inside, where the tree is one.
fn lone_text(tree: Json) -> Result<String, Json> {
    match tree {
        Json::String(text) => Ok(text),
        other => Err(other),
    }
}

/// The `Display` text of a value.
pub(crate) fn display_text<T: Display + ?Sized>(value: &T) -> String {
    text_of(&|out| write!(out, "{value}")).unwrap_or_else(marker::<T>)
}

/// The `Debug` text of a value.
pub(crate) fn debug_text<T: Debug + ?Sized>(value: &T) -> String {
    text_of(&|out| write!(out, "{value:?}")).unwrap_or_else(marker::<T>)
}

fn text_of(write: &dyn Fn(&mut Bounded) -> fmt::Result) -> Option<String> {
    let mut out = Bounded(String::new());
    let written = contained(&mut || write(&mut out))?;
    written.ok().map(|()| out.0)
}

/// About where the stack is now.
#[inline(never)]
fn stack_position() -> usize {
    let here = 0_u8;
    std::hint::black_box(&raw const here) as usize
}

/// A text that refuses to grow once its writers have gone too deep.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !has_stack() {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// A type's name without the modules before it: `Vec<Option<Doc>>`.
pub(crate) fn short_type_name<T: ?Sized>() -> String {
    shorten(std::any::type_name::<T>())
}

fn shorten(full: &str) -> String {
    let mut short = String::with_capacity(full.len());
    let mut segment = 0;
    for c in full.chars() {
        if c.is_alphanumeric() || c == '_' {
            short.push(c);
        } else if c == ':' {
            short.truncate(segment);
        } else {
            short.push(c);
            segment = short.len();
        }
    }
    short
}

/// The number that a person would write for it: `0.7`, not the `0.699999988079071` that is nearest to it.
pub(crate) fn as_written(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// Why a value could not be made into a tree. Its text is never shown.
#[derive(Debug)]
pub(crate) struct Refused;

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not serialisable")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// Makes trees: bounded in depth, with keys of every kind, integers of every width, and `None`
/// different from `()` at the top.
#[derive(Clone, Copy)]
struct TreeSerializer {
    depth: u32,
}

type Made = Result<Option<Json>, Refused>;

impl TreeSerializer {
    fn deeper(self) -> Result<Self, Refused> {
        if self.depth < MAX_DEPTH && has_stack() { Ok(Self { depth: self.depth + 1 }) } else { Err(Refused) }
    }

    fn child<T: Serialize + ?Sized>(self, value: &T) -> Result<Json, Refused> {
        Ok(value.serialize(self.deeper()?)?.unwrap_or(Json::Null))
    }

    fn tagged(variant: &str, content: Json) -> Json {
        Json::Object([(variant.to_owned(), content)].into_iter().collect())
    }
}

macro_rules! plainly {
    ($($method:ident: $ty:ty),+ $(,)?) => { $(
        fn $method(self, value: $ty) -> Made { Ok(Some(value.into())) }
    )+ };
}

impl ser::Serializer for TreeSerializer {
    type Ok = Option<Json>;
    type Error = Refused;
    type SerializeSeq = Elements;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Elements;
    type SerializeTupleVariant = Elements;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Entries;

    plainly! {
        serialize_bool: bool,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_f64: f64,
        serialize_str: &str,
    }

    fn serialize_f32(self, value: f32) -> Made {
        Ok(Some(as_written(value).into()))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Made {
        let mut out = Bounded(String::new());
        write!(out, "{value}").map_err(|_| Refused)?;
        Ok(Some(Json::String(out.0)))
    }

    fn serialize_i128(self, value: i128) -> Made {
        Ok(Some(match serde_json::Number::from_i128(value) {
            Some(number) => Json::Number(number),
            None => Json::String(value.to_string()),
        }))
    }

    fn serialize_u128(self, value: u128) -> Made {
        Ok(Some(match serde_json::Number::from_u128(value) {
            Some(number) => Json::Number(number),
            None => Json::String(value.to_string()),
        }))
    }

    fn serialize_char(self, value: char) -> Made {
        Ok(Some(Json::String(value.to_string())))
    }

    fn serialize_bytes(self, value: &[u8]) -> Made {
        Ok(Some(Json::Array(value.iter().copied().map(Json::from).collect())))
    }

    fn serialize_none(self) -> Made {
        Ok(None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Made {
        value.serialize(self.deeper()?)
    }

    fn serialize_unit(self) -> Made {
        Ok(Some(Json::Null))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Made {
        Ok(Some(Json::Null))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Made {
        Ok(Some(Json::String(variant.to_owned())))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Made {
        value.serialize(self.deeper()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Made {
        Ok(Some(Self::tagged(variant, self.child(value)?)))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements, Refused> {
        // The length it claims is not trusted with memory.
        Ok(Elements { within: self, variant: None, items: Vec::new() })
    }

    fn serialize_tuple(self, length: usize) -> Result<Elements, Refused> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Elements, Refused> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements, Refused> {
        Ok(Elements { within: self, variant: Some(variant), items: Vec::new() })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries, Refused> {
        Ok(Entries {
            within: self,
            variant: None,
            made: serde_json::Map::new(),
            key: None,
            is_json_text: false,
        })
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Entries, Refused> {
        let mut entries = self.serialize_map(Some(length))?;
        entries.is_json_text = name == JSON_NUMBER || name == RAW_JSON;
        Ok(entries)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries, Refused> {
        Ok(Entries {
            within: self,
            variant: Some(variant),
            made: serde_json::Map::new(),
            key: None,
            is_json_text: false,
        })
    }
}

struct Elements {
    within: TreeSerializer,
    variant: Option<&'static str>,
    items: Vec<Json>,
}

impl Elements {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.items.push(self.within.child(value)?);
        Ok(())
    }

    fn done(self) -> Made {
        let items = Json::Array(self.items);
        Ok(Some(match self.variant {
            Some(variant) => TreeSerializer::tagged(variant, items),
            None => items,
        }))
    }
}

macro_rules! elements {
    ($($interface:ident: $method:ident),+ $(,)?) => { $(
        impl ser::$interface for Elements {
            type Ok = Option<Json>;
            type Error = Refused;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                self.push(value)
            }
            fn end(self) -> Made { self.done() }
        }
    )+ };
}

elements! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

struct Entries {
    within: TreeSerializer,
    variant: Option<&'static str>,
    made: serde_json::Map<String, Json>,
    key: Option<String>,
    /// Whether the one field is a text of JSON that stands for its value.
    is_json_text: bool,
}

/// How `serde_json` passes on a number where some crate of the build turns on its feature `arbitrary_precision`, and a
/// `RawValue`: as a struct of this name with one field, the text.
const JSON_NUMBER: &str = "$serde_json::private::Number";
const RAW_JSON: &str = "$serde_json::private::RawValue";

impl Entries {
    fn insert<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), Refused> {
        self.made.insert(key, self.within.child(value)?);
        Ok(())
    }

    fn done(mut self) -> Made {
        if self.is_json_text {
            let text = [JSON_NUMBER, RAW_JSON].iter().find_map(|name| self.made.remove(*name));
            let text = text.and_then(|text| text.as_str().map(str::to_owned)).ok_or(Refused)?;
            return serde_json::from_str(&text).map(Some).map_err(|_| Refused);
        }
        let map = Json::Object(self.made);
        Ok(Some(match self.variant {
            Some(variant) => TreeSerializer::tagged(variant, map),
            None => map,
        }))
    }
}

impl ser::SerializeMap for Entries {
    type Ok = Option<Json>;
    type Error = Refused;

    /// A key that is not a string is written as its JSON.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        let text = lone_text(self.within.child(key)?).unwrap_or_else(|other| other.to_string());
        self.key = Some(text);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        let key = self.key.take().ok_or(Refused)?;
        self.insert(key, value)
    }

    fn end(self) -> Made {
        self.done()
    }
}

macro_rules! entries {
    ($($interface:ident),+) => { $(
        impl ser::$interface for Entries {
            type Ok = Option<Json>;
            type Error = Refused;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Refused> {
                self.insert(key.to_owned(), value)
            }
            fn end(self) -> Made { self.done() }
        }
    )+ };
}

entries!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_lose_their_modules_but_not_their_parameters() {
        assert_eq!(shorten("alloc::vec::Vec<core::option::Option<app::Doc>>"), "Vec<Option<Doc>>");
        assert_eq!(shorten("&[app::a::B]"), "&[B]");
        assert_eq!(shorten("(u8, app::C)"), "(u8, C)");
    }
}
