//! Events as handlers see them.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use telemetry_catalogue::Category;

use crate::ids::SpanIds;
use crate::value::{Json, Value};

type Map = serde_json::Map<String, Json>;

/// One event, as a handler sees it.
///
/// It borrows from the call that emits it; [`OwnedEvent::from`] keeps it. It serialises as
///
/// ```json
/// {"event":"condukt.tool_call.stop","measurements":{"duration":81},"metadata":{"tool":"get_weather"},
///  "span":{"id":"..","parent_id":"..","trace_id":".."}}
/// ```
#[derive(Clone, Copy)]
pub struct Event<'a> {
    pub(crate) name: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) category: Option<Category>,
    pub(crate) measurements: Measurements<'a>,
    pub(crate) metadata: Metadata<'a>,
    pub(crate) span: Option<SpanIds>,
    pub(crate) depth: u32,
}

impl<'a> Event<'a> {
    /// The full name: `condukt.tool_call.stop`.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The doc comment of the annotated function, for a tool call.
    pub fn description(&self) -> Option<&'a str> {
        self.description
    }

    /// The group of documented events it belongs to, if it is one of them.
    pub fn category(&self) -> Option<Category> {
        self.category
    }

    /// The numbers: times and counts.
    pub fn measurements(&self) -> Measurements<'a> {
        self.measurements
    }

    /// The keys and their values.
    pub fn metadata(&self) -> Metadata<'a> {
        self.metadata
    }

    /// The span it belongs to; of a single event, the one it was emitted in.
    pub fn span(&self) -> Option<SpanIds> {
        self.span
    }

    /// How many observed spans are around it in this process.
    pub fn depth(&self) -> u32 {
        self.depth
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("name", &self.name)
            .field("measurements", &self.measurements)
            .field("metadata", &self.metadata)
            .field("span", &self.span)
            .finish()
    }
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", self.name)?;
        map.serialize_entry("measurements", &self.measurements)?;
        map.serialize_entry("metadata", &self.metadata)?;
        if let Some(span) = &self.span {
            map.serialize_entry("span", span)?;
        }
        map.end()
    }
}

/// Keys and values, from a span's frame or from an owned event.
#[derive(Clone, Copy)]
pub(crate) enum Entries<'a> {
    Slice(&'a [(&'a str, Value<'a>)]),
    Map(&'a Map),
}

impl<'a> Entries<'a> {
    fn get(self, key: &str) -> Option<Value<'a>> {
        match self {
            Self::Slice(entries) => entries.iter().find(|entry| entry.0 == key).map(|entry| entry.1),
            Self::Map(map) => map.get(key).map(Value::Json),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Slice(entries) => entries.len(),
            Self::Map(map) => map.len(),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let (slice, map) = match self {
            Self::Slice(entries) => (Some(entries), None),
            Self::Map(map) => (None, Some(map)),
        };
        let slice = slice.into_iter().flatten().copied();
        slice.chain(map.into_iter().flatten().map(|(key, value)| (key.as_str(), Value::Json(value))))
    }

    fn to_map(self) -> Map {
        self.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect()
    }
}

/// The numbers of an event.
#[derive(Clone, Copy)]
pub struct Measurements<'a> {
    pub(crate) system_time: Option<u64>,
    pub(crate) monotonic_time: Option<u64>,
    pub(crate) duration: Option<u64>,
    pub(crate) more: Entries<'a>,
}

impl<'a> Measurements<'a> {
    pub(crate) const NONE: Measurements<'static> =
        Measurements { system_time: None, monotonic_time: None, duration: None, more: Entries::Slice(&[]) };

    /// The time since the span's start, on stop and exception.
    pub fn duration(&self) -> Option<Duration> {
        self.nanos("duration").map(Duration::from_nanos)
    }

    /// The wall-clock time, on start.
    pub fn system_time(&self) -> Option<SystemTime> {
        self.nanos("system_time").map(|nanos| UNIX_EPOCH + Duration::from_nanos(nanos))
    }

    /// The time of a clock that never goes back, from some moment of the process.
    pub fn monotonic_time(&self) -> Option<Duration> {
        self.nanos("monotonic_time").map(Duration::from_nanos)
    }

    fn nanos(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(|value| value.as_u64())
    }

    /// One of them by its key; times in nanoseconds.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.times().find(|(known, _)| *known == key).map(|(_, value)| value).or_else(|| self.more.get(key))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        self.times().chain(self.more.iter())
    }

    fn times(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        [
            ("system_time", self.system_time),
            ("duration", self.duration),
            ("monotonic_time", self.monotonic_time),
        ]
        .into_iter()
        .filter_map(|(key, nanos)| Some((key, Value::U64(nanos?))))
    }
}

/// The keys of an event and their values.
#[derive(Clone, Copy)]
pub struct Metadata<'a>(pub(crate) Entries<'a>);

impl<'a> Metadata<'a> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.0.get(key)
    }

    /// The value of a key, if it is a string.
    pub fn get_str(&self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(|value| value.as_str())
    }

    /// Whether the key is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All keys with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        self.0.iter()
    }

    /// The whole metadata as a `T`, such as a struct with a field for each key of interest.
    ///
    /// # Errors
    /// When it does not have the shape of a `T`.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Json::Object(self.0.to_map()))
    }
}

macro_rules! as_map {
    ($($ty:ident),+) => { $(
        impl Serialize for $ty<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.iter())
            }
        }
        impl fmt::Debug for $ty<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_map().entries(self.iter()).finish()
            }
        }
    )+ };
}

as_map!(Measurements, Metadata);

/// An event of its own: to keep, to send, to read back, to replay.
///
/// ```
/// use telemetry_runtime::{Event, OwnedEvent};
///
/// let line = r#"{"event":"shop.paid","measurements":{"count":2},"metadata":{"by":"card"}}"#;
/// let kept: OwnedEvent = serde_json::from_str(line)?;
///
/// let handler = |event: &Event<'_>| assert_eq!(event.metadata().get_str("by"), Some("card"));
/// handler(&kept.as_event());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnedEvent {
    /// The full name.
    #[serde(rename = "event")]
    pub name: Cow<'static, str>,
    /// The numbers.
    #[serde(default)]
    pub measurements: Map,
    /// The keys and their values.
    #[serde(default)]
    pub metadata: Map,
    /// The span it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<SpanIds>,
    /// The doc comment of the annotated function, for a tool call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Cow<'static, str>>,
    /// How many observed spans were around it.
    #[serde(skip)]
    pub(crate) depth: u32,
}

impl From<&Event<'_>> for OwnedEvent {
    fn from(event: &Event<'_>) -> Self {
        Self {
            name: Cow::Owned(event.name.to_owned()),
            measurements: event
                .measurements
                .iter()
                .map(|(key, value)| (key.to_owned(), value.to_json()))
                .collect(),
            metadata: event.metadata.0.to_map(),
            span: event.span,
            description: event.description.map(|text| Cow::Owned(text.to_owned())),
            depth: event.depth,
        }
    }
}

impl From<Event<'_>> for OwnedEvent {
    fn from(event: Event<'_>) -> Self {
        Self::from(&event)
    }
}

impl OwnedEvent {
    /// The event to give to a handler.
    pub fn as_event(&self) -> Event<'_> {
        Event {
            name: &self.name,
            description: self.description.as_deref(),
            category: category_of(&self.name),
            measurements: Measurements { more: Entries::Map(&self.measurements), ..Measurements::NONE },
            metadata: Metadata(Entries::Map(&self.metadata)),
            span: self.span,
            depth: self.depth,
        }
    }

    /// The value of a metadata key.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.metadata.get(key)
    }
}

/// The group a name belongs to, if it is documented.
pub(crate) fn category_of(name: &str) -> Option<Category> {
    let span = telemetry_catalogue::SPANS.iter().find(|span| span.events.contains(&name));
    let event = telemetry_catalogue::EVENTS.iter().find(|event| event.name == name);
    span.map(|span| span.category).or(event.map(|event| event.category))
}
