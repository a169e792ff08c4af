//! Events as handlers see them.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use telemetry_catalogue::{Category, ContextKey, END, EVENTS, EXCEPTION, SPANS, START, STOP};

use crate::context::ContextState;
use crate::ids::SpanIds;
use crate::span::Field;
use crate::value::{Json, StopValue, Value};

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

/// Keys with their values, as one emission was given them.
#[derive(Clone, Copy)]
pub(crate) enum FieldSource<'a> {
    Values(&'a [(&'a str, Value<'a>)]),
    Captured(&'a [Field<'a>]),
    Stop(&'a [(&'static str, StopValue<'a>)]),
    Map(&'a Map),
}

impl<'a> FieldSource<'a> {
    pub(crate) const NONE: FieldSource<'static> = FieldSource::Values(&[]);

    fn get(self, key: &str) -> Option<Value<'a>> {
        match self {
            Self::Values(entries) => find(entries, key).copied(),
            Self::Captured(entries) => find(entries, key)?.value(),
            Self::Stop(entries) => find(entries, key)?.value(),
            Self::Map(map) => map.get(key).map(Value::Json),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let (values, captured, stop, map) = match self {
            Self::Values(entries) => (Some(entries), None, None, None),
            Self::Captured(entries) => (None, Some(entries), None, None),
            Self::Stop(entries) => (None, None, Some(entries), None),
            Self::Map(map) => (None, None, None, Some(map)),
        };
        let values = values.into_iter().flatten().copied();
        let captured = captured.into_iter().flatten().filter_map(|(key, held)| Some((*key, held.value()?)));
        let stop = stop.into_iter().flatten().filter_map(|(key, held)| Some((*key, held.value()?)));
        let map = map.into_iter().flatten().map(|(key, value)| (key.as_str(), Value::Json(value)));
        values.chain(captured).chain(stop).chain(map)
    }
}

fn find<'e, V>(entries: &'e [(&str, V)], key: &str) -> Option<&'e V> {
    entries.iter().find(|entry| entry.0 == key).map(|entry| &entry.1)
}

/// The keys of an event, in the layers that they come from. Nothing is put together before a handler
/// looks: an event that none looks into costs no more than the layers' addresses.
#[derive(Clone, Copy)]
pub(crate) struct LayeredFields<'a> {
    /// The context, and which of its documented keys the event shows. The user's own keys in it
    /// replace none of the others.
    pub(crate) context: Option<(&'a ContextState, &'static [ContextKey])>,
    /// What was captured at the span's start, which replaces what the context has.
    pub(crate) start: &'a [Field<'a>],
    /// What the event itself was given, which replaces both.
    pub(crate) given: FieldSource<'a>,
}

impl<'a> LayeredFields<'a> {
    pub(crate) fn of(given: FieldSource<'a>) -> Self {
        Self { context: None, start: &[], given }
    }

    fn of_context(self, key: &str) -> Option<Value<'a>> {
        let (state, keys) = self.context?;
        state.get(*keys.iter().find(|known| known.as_str() == key)?)
    }

    fn user_keys(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let keys = self.context.into_iter().flat_map(|(state, _)| &state.keys);
        keys.filter_map(|(key, held)| Some((&**key, held.value()?)))
    }

    /// What was given, or else captured, of a key.
    fn explicit(self, key: &str) -> Option<Value<'a>> {
        self.given.get(key).or_else(|| find(self.start, key)?.value())
    }

    fn documented(self, key: &str) -> Option<Value<'a>> {
        self.explicit(key).or_else(|| self.of_context(key))
    }

    fn get(self, key: &str) -> Option<Value<'a>> {
        self.documented(key)
            .or_else(|| self.user_keys().find(|(known, _)| *known == key).map(|(_, value)| value))
    }

    /// Each key once: in the order of the layers, with the value that replaces the others.
    fn iter(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let (state, keys) = self.context.unzip();
        let context = keys.unwrap_or_default().iter().filter_map(move |key| {
            let value = state?.get(*key)?;
            Some((key.as_str(), self.explicit(key.as_str()).unwrap_or(value)))
        });
        let start = self.start.iter().filter_map(move |(key, held)| {
            let value = held.value()?;
            self.of_context(key).is_none().then(|| (*key, self.given.get(key).unwrap_or(value)))
        });
        let given = self
            .given
            .iter()
            .filter(move |(key, _)| find(self.start, key).is_none() && self.of_context(key).is_none());
        let own = self.user_keys().filter(move |(key, _)| self.documented(key).is_none());
        context.chain(start).chain(given).chain(own)
    }

    fn to_map(self) -> Map {
        self.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect()
    }
}

/// The numbers of an event.
#[derive(Clone, Copy)]
pub struct Measurements<'a> {
    /// What is measured of every event of its kind: times, and a stream's items.
    pub(crate) known: &'a [(&'static str, u64)],
    pub(crate) more: FieldSource<'a>,
}

impl<'a> Measurements<'a> {
    pub(crate) const NONE: Measurements<'static> = Measurements { known: &[], more: FieldSource::NONE };

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
        find(self.known, key).map(|number| Value::U64(*number)).or_else(|| self.more.get(key))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let known = self.known.iter().map(|(key, number)| (*key, Value::U64(*number)));
        known.chain(self.more.iter())
    }
}

/// The keys of an event and their values.
#[derive(Clone, Copy)]
pub struct Metadata<'a>(pub(crate) LayeredFields<'a>);

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
        self.0.iter().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().next().is_none()
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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

/// By all that is written: how deep it was is not, and one that is read back is still the same.
impl PartialEq for OwnedEvent {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.measurements == other.measurements
            && self.metadata == other.metadata
            && self.span == other.span
            && self.description == other.description
    }
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
            measurements: Measurements { more: FieldSource::Map(&self.measurements), ..Measurements::NONE },
            metadata: Metadata(LayeredFields::of(FieldSource::Map(&self.metadata))),
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
    let span = SPANS.iter().find(|span| span.events.contains(&name));
    let event = EVENTS.iter().find(|event| event.name == name);
    span.map(|span| span.category).or(event.map(|event| event.category))
}

/// Whether some documented event has a key of that name.
pub(crate) fn is_documented_key(key: &str) -> bool {
    let fields = SPANS.iter().flat_map(|span| [span.start, span.stop]);
    let fields = fields.chain(EVENTS.iter().map(|event| event.metadata)).chain([STOP, EXCEPTION]);
    let context = SPANS.iter().flat_map(|span| span.context).any(|known| known.as_str() == key);
    context || fields.flatten().any(|field| field.is(key))
}

/// Whether some documented event has a measurement of that name.
pub(crate) fn is_documented_measurement(key: &str) -> bool {
    let fields = EVENTS.iter().map(|event| event.measurements).chain([START, END]);
    fields.flatten().any(|field| field.is(key))
}
