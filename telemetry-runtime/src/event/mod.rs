//! Events as handlers receive them.

mod context_keys;
mod layers;
mod name;
mod own_keys;
mod owned;
mod times;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use telemetry_catalogue::{Category, Phase};

use crate::ids::SpanIds;
use crate::value::{Json, Value};

pub(crate) use context_keys::ContextKeys;
pub(crate) use layers::{FieldSource, LateFields, LayeredFields, beside};
pub use name::{EventName, IntoPatterns, NameError, Pattern};
pub use owned::OwnedEvent;
pub(crate) use times::{End, Times};

/// One event, as a handler receives it.
///
/// It borrows from the call that emits it; [`OwnedEvent::from`] makes a copy to keep. It serialises as below, with
/// `description` after the name where there is one:
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
    pub(crate) phase: Option<Phase>,
    pub(crate) measurements: Measurements<'a>,
    pub(crate) metadata: Metadata<'a>,
    pub(crate) span: Option<SpanIds>,
    pub(crate) depth: u32,
}

impl<'a> Event<'a> {
    /// Returns the full name: `condukt.tool_call.stop`.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the doc comment of the annotated function, for a tool call.
    pub fn description(&self) -> Option<&'a str> {
        match self.metadata.0 {
            FieldSource::Late(fields) => fields.description(),
            _ => self.description,
        }
    }

    /// Returns the group of documented events it belongs to. `None` for an event of your own.
    pub fn category(&self) -> Option<Category> {
        self.category
    }

    /// Returns which of a span's three events it is. `None` for a single event.
    pub fn phase(&self) -> Option<Phase> {
        self.phase
    }

    /// Whether the work failed: this is an exception, or a stop whose `status` is `error`.
    pub fn is_error(&self) -> bool {
        match self.phase {
            Some(Phase::Exception) => true,
            Some(Phase::Stop) => self.metadata.get_str("status") == Some("error"),
            Some(Phase::Start) | None => false,
        }
    }

    /// Returns the measurements: times and counts.
    pub fn measurements(&self) -> Measurements<'a> {
        self.measurements
    }

    /// Returns the metadata: the keys and their values.
    pub fn metadata(&self) -> Metadata<'a> {
        self.metadata
    }

    /// Returns the ids of its span. For a single event, of the span it was emitted in.
    pub fn span(&self) -> Option<SpanIds> {
        self.span
    }

    /// Returns how many observed spans are around it in this process.
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
        if let Some(description) = self.description() {
            map.serialize_entry("description", description)?;
        }
        map.serialize_entry("measurements", &self.measurements)?;
        map.serialize_entry("metadata", &self.metadata)?;
        if let Some(span) = &self.span {
            map.serialize_entry("span", span)?;
        }
        map.end()
    }
}

/// The measurements of an event: times in nanoseconds, and counts.
///
/// Every `start` has `system_time` and `monotonic_time`; every `stop` and `exception` has `duration` and
/// `monotonic_time`; a stream's end also has `items` and `time_to_first_item`, a model's
/// `time_to_first_token`.
///
/// ```
/// use telemetry_runtime::{testing, tool_call};
///
/// #[tool_call]
/// fn add(a: i32, b: i32) -> i32 {
///     a + b
/// }
///
/// let capture = testing::capture();
/// capture.scope(|| add(1, 2));
/// let events = capture.events();
/// let measurements = events[1].as_event().measurements();
/// assert!(measurements.duration().is_some() && measurements.system_time().is_none());
/// ```
#[derive(Clone, Copy)]
pub struct Measurements<'a> {
    /// What is measured of every event of its kind: times, and a stream's items.
    pub(crate) times: Times<'a>,
    pub(crate) more: FieldSource<'a>,
}

impl<'a> Measurements<'a> {
    pub(crate) const NONE: Measurements<'static> =
        Measurements { times: Times::None, more: FieldSource::NONE };

    /// Returns the time since the span's start. `None` on a start.
    pub fn duration(&self) -> Option<Duration> {
        self.nanos("duration").map(Duration::from_nanos)
    }

    /// Returns the wall-clock time of a start.
    pub fn system_time(&self) -> Option<SystemTime> {
        self.nanos("system_time").map(|nanos| UNIX_EPOCH + Duration::from_nanos(nanos))
    }

    /// Returns the time of a clock that never goes back, counted from an arbitrary moment of the process.
    pub fn monotonic_time(&self) -> Option<Duration> {
        self.nanos("monotonic_time").map(Duration::from_nanos)
    }

    fn nanos(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(|value| value.as_u64())
    }

    /// Returns one of them by its key; times in nanoseconds.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.times.get(key).map(Value::U64).or_else(|| self.more.get(key))
    }

    /// Iterates over all of them.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let times = self.times.iter().map(|(key, number)| (key, Value::U64(number)));
        times.chain(self.more.iter())
    }
}

/// The metadata of an event: its keys and their values. (Not `tracing::Metadata`, which describes a callsite.)
///
/// ```
/// use telemetry_runtime::{Event, attach, event_name};
///
/// #[derive(serde::Deserialize)]
/// struct Call {
///     tool: String,
///     args: serde_json::Value,
/// }
///
/// let _guard = attach("calls", event_name!("condukt.tool_call.stop"), |event: &Event<'_>| {
///     let metadata = event.metadata();
///     if let Some(error) = metadata.get_str("error") {
///         eprintln!("failed: {error}");
///     } else if let Ok(Call { tool, args }) = metadata.deserialize() {
///         println!("{tool}({args}) = {:?}", metadata.get("result"));
///     }
/// })?
/// .detach_on_drop();
/// # Ok::<(), telemetry_runtime::AttachError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Metadata<'a>(pub(crate) FieldSource<'a>);

impl<'a> Metadata<'a> {
    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.0.get(key)
    }

    /// Returns the value of a key, if it is a string that needs no serialising.
    pub fn get_str(&self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(|value| value.as_str())
    }

    /// Whether it has the key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.0.iter().count()
    }

    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.0.iter().next().is_none()
    }

    /// Iterates over all keys with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        self.0.iter()
    }

    pub(crate) fn to_map(self) -> serde_json::Map<String, Json> {
        self.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect()
    }

    /// Reads the whole metadata as a `T`, such as a struct with a field for each key of interest.
    ///
    /// # Errors
    /// If it does not have the shape of a `T`.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Json::Object(self.to_map()))
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
