//! Events as handlers see them.

mod context_keys;
mod layers;
mod name;
mod owned;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use telemetry_catalogue::Category;

use self::layers::find;
use crate::ids::SpanIds;
use crate::value::{Json, Value};

pub(crate) use context_keys::ContextKeys;
pub(crate) use layers::{FieldSource, LayeredFields};
pub use name::{EventName, IntoPatterns, NameError, Pattern};
pub use owned::OwnedEvent;

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
