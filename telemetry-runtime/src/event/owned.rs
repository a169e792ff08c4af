//! Events that borrow nothing.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use telemetry_catalogue::category_of;

use super::layers::{FieldSource, LayeredFields};
use super::{Event, Measurements, Metadata};
use crate::ids::SpanIds;
use crate::value::Json;

type Map = serde_json::Map<String, Json>;

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
