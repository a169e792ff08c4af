//! One line of a recording.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use crate::event::OwnedEvent;
use crate::ids::SpanIds;
use crate::value::Json;

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

type Map = serde_json::Map<String, Json>;

/// The name of a shared value: 128 bits of the SHA-256 of what it holds, as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(u128);

impl Hash {
    /// Makes a name of its 128 bits.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Returns its 128 bits.
    pub const fn to_bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.then(|| u128::from_str_radix(&text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| de::Error::custom("not 32 hex digits"))
    }
}

/// One line of a recording.
///
/// ```
/// use telemetry_runtime::recording::Line;
///
/// let line = br#"{"event": "my_app.saved", "measurements": {}, "metadata": {"name": "notes"}}"#;
/// assert!(matches!(Line::parse(line), Some(Line::Event(event)) if event.event == "my_app.saved"));
/// ```
#[derive(Clone, Debug)]
pub enum Line {
    /// The first line of each run.
    Header(Header),
    /// A shared value.
    Content(Hash, Content),
    /// An event.
    Event(EventLine),
    /// How many events were lost before this line, because they came faster than they could be written.
    Dropped(u64),
}

/// The first line of each run of a program that records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format: [`VERSION`].
    pub telemetry: u32,
    /// The name of the program.
    #[serde(default)]
    pub program: String,
    /// The id of its process.
    #[serde(default)]
    pub pid: u32,
    /// When it began to record, in nanoseconds since the Unix epoch.
    #[serde(default)]
    pub system_time: u64,
}

/// A shared value, as JSON text.
#[derive(Clone, Debug)]
pub enum Content {
    /// Any value.
    Value(Box<RawValue>),
    /// A list: the one it begins with, then more items.
    List {
        /// The list that this one goes on from.
        after: Option<Hash>,
        /// A JSON array of the items that follow.
        items: Box<RawValue>,
    },
}

impl Content {
    /// The JSON text of the value, or of the list's own items.
    pub fn text(&self) -> &str {
        match self {
            Self::Value(text) | Self::List { items: text, .. } => text.get(),
        }
    }

    /// The list that this one goes on from.
    pub fn after(&self) -> Option<Hash> {
        match self {
            Self::List { after, .. } => *after,
            Self::Value(_) => None,
        }
    }
}

/// An event, some of whose metadata may be elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventLine {
    /// The full name.
    pub event: String,
    /// The numbers.
    #[serde(default)]
    pub measurements: Map,
    /// The keys and their values.
    #[serde(default)]
    pub metadata: Map,
    /// The keys whose values are shared ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refs: BTreeMap<String, Hash>,
    /// The span it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<SpanIds>,
    /// The doc comment of the annotated function, for a tool call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl From<OwnedEvent> for EventLine {
    fn from(event: OwnedEvent) -> Self {
        Self {
            event: event.name.into_owned(),
            measurements: event.measurements,
            metadata: event.metadata,
            refs: BTreeMap::new(),
            span: event.span,
            description: event.description.map(|text| text.into_owned()),
        }
    }
}

impl Line {
    /// Reads one line, without its line break. `None` if its form is unknown. What is not Unicode in it,
    /// bytes or escapes of half a character, is replaced.
    pub fn parse(line: &[u8]) -> Option<Self> {
        match serde_json::from_slice::<AnyLine>(line) {
            Ok(any) => any.known(),
            Err(_) => serde_json::from_str::<AnyLine>(&whole_characters(line)?).ok()?.known(),
        }
    }

    /// Appends the line and its line break.
    ///
    /// # Panics
    /// Never: a line has string keys alone, and a vector takes every byte.
    pub fn write(&self, out: &mut Vec<u8>) {
        let written = match self {
            Self::Header(header) => serde_json::to_writer(&mut *out, header),
            Self::Event(event) => serde_json::to_writer(&mut *out, event),
            Self::Dropped(dropped) => serde_json::to_writer(&mut *out, &DroppedLine { dropped: *dropped }),
            Self::Content(hash, Content::Value(value)) => {
                serde_json::to_writer(&mut *out, &ValueLine { content: *hash, value })
            }
            Self::Content(hash, Content::List { after, items }) => {
                serde_json::to_writer(&mut *out, &ListLine { content: *hash, after: *after, items })
            }
        };
        written.expect("a line has string keys alone, and a vector takes every byte");
        out.push(b'\n');
    }
}

/// A line in which U+FFFD replaces what is not a character: invalid UTF-8, and escapes such as `\\ud800` that are half of a
/// pair. `None` where there is nothing to replace.
fn whole_characters(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let escape = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut at) = (0, 0);
    let mut replaced = matches!(text, std::borrow::Cow::Owned(_));
    while let Some(found) = text[at..].find('\\') {
        at += found;
        match escape(at) {
            Some(0xd800..=0xdbff) if matches!(escape(at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                out.push_str(&text[copied..at]);
                out.push('\u{fffd}');
                at += 6;
                copied = at;
                replaced = true;
            }
            // Whatever is escaped, a backslash among others, is passed over with it.
            _ => at = (at + 2..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len()),
        }
    }
    out.push_str(&text[copied..]);
    replaced.then_some(out)
}

/// Every key that some line has.
#[derive(Deserialize)]
struct AnyLine {
    event: Option<String>,
    #[serde(default)]
    measurements: Map,
    #[serde(default)]
    metadata: Map,
    #[serde(default)]
    refs: BTreeMap<String, Hash>,
    span: Option<SpanIds>,
    description: Option<String>,
    content: Option<Hash>,
    value: Option<Box<RawValue>>,
    after: Option<Hash>,
    items: Option<Box<RawValue>>,
    dropped: Option<u64>,
    telemetry: Option<u32>,
    #[serde(default)]
    program: String,
    #[serde(default)]
    pid: u32,
    #[serde(default)]
    system_time: u64,
}

impl AnyLine {
    fn known(self) -> Option<Line> {
        if let Some(event) = self.event {
            let Self { measurements, metadata, refs, span, description, .. } = self;
            return Some(Line::Event(EventLine { event, measurements, metadata, refs, span, description }));
        }
        if let Some(hash) = self.content {
            return match (self.value, self.items) {
                (Some(value), _) => Some(Line::Content(hash, Content::Value(value))),
                (None, Some(items)) if items.get().starts_with('[') => {
                    Some(Line::Content(hash, Content::List { after: self.after, items }))
                }
                _ => None,
            };
        }
        if let Some(telemetry) = self.telemetry {
            let Self { program, pid, system_time, .. } = self;
            return Some(Line::Header(Header { telemetry, program, pid, system_time }));
        }
        self.dropped.map(Line::Dropped)
    }
}

#[derive(Serialize)]
struct ValueLine<'a> {
    content: Hash,
    value: &'a RawValue,
}

#[derive(Serialize)]
struct ListLine<'a> {
    content: Hash,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Hash>,
    items: &'a RawValue,
}

#[derive(Serialize)]
struct DroppedLine {
    dropped: u64,
}
