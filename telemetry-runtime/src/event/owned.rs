//! Events that borrow nothing.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use telemetry_catalogue::{Phase, SPANS, category_of};

use super::layers::FieldSource;
use super::{Event, Measurements, Metadata};
use crate::ids::SpanIds;
use crate::value::Json;

type Map = serde_json::Map<String, Json>;

/// An event that borrows nothing: to keep, to send, to read back, to replay.
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
    /// The doc comment of the annotated function, for a tool call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Cow<'static, str>>,
    /// The numbers.
    #[serde(default)]
    pub measurements: Map,
    /// The keys and their values.
    #[serde(default)]
    pub metadata: Map,
    /// The span it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<SpanIds>,
    /// How many observed spans were around it.
    #[serde(skip)]
    pub(crate) depth: u32,
}

/// By all that is written, which the depth is not: an event that is read back is equal.
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
            metadata: event.metadata.to_map(),
            span: event.span,
            description: event.description().map(|text| Cow::Owned(text.to_owned())),
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
    /// An event of that name with no keys, to fill by `with_*` or by its fields.
    ///
    /// ```
    /// use telemetry_runtime::OwnedEvent;
    ///
    /// let event = OwnedEvent::new("shop.order.paid").with_measurement("count", 2).with_metadata("by", "card");
    /// assert_eq!(event.as_event().metadata().get_str("by"), Some("card"));
    /// ```
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let (measurements, metadata) = (Map::new(), Map::new());
        Self { name: name.into(), measurements, metadata, span: None, description: None, depth: 0 }
    }

    /// Returns this with a measurement.
    #[must_use]
    pub fn with_measurement(mut self, key: impl Into<String>, value: impl Into<Json>) -> Self {
        self.measurements.insert(key.into(), value.into());
        self
    }

    /// Returns this with a metadata key.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<Json>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Returns this with the span it belongs to.
    #[must_use]
    pub fn with_span(self, span: SpanIds) -> Self {
        Self { span: Some(span), ..self }
    }

    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let maps = [&self.measurements, &self.metadata].into_iter().flatten();
        let maps = maps.map(|(key, value)| ENTRY + key.len() + size_of_tree(value));
        size_of::<Self>() + self.name.len() + maps.sum::<usize>()
    }

    /// Which of a span's three events it is, by its name: that of a documented span, or of a span of the user's own,
    /// whose events have a `monotonic_time`, which single events lack.
    fn phase(&self) -> Option<Phase> {
        let (prefix, last) = self.name.rsplit_once('.')?;
        let phase = Phase::ALL.into_iter().find(|phase| phase.as_str() == last)?;
        let is_documented = SPANS.iter().any(|span| span.prefix == prefix);
        let is_own = category_of(&self.name).is_none() && self.measurements.contains_key("monotonic_time");
        (is_documented || is_own).then_some(phase)
    }

    /// Returns the event to give to a handler.
    pub fn as_event(&self) -> Event<'_> {
        Event {
            name: &self.name,
            description: self.description.as_deref(),
            category: category_of(&self.name),
            phase: self.phase(),
            measurements: Measurements { more: FieldSource::Map(&self.measurements), ..Measurements::NONE },
            metadata: Metadata(FieldSource::Map(&self.metadata)),
            span: self.span,
            depth: self.depth,
        }
    }

    /// Returns the value of a metadata key.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.metadata.get(key)
    }
}

/// About what a key and a value take in a map beside their own texts.
const ENTRY: usize = 2 * size_of::<String>() + size_of::<Json>();

fn size_of_tree(tree: &Json) -> usize {
    match tree {
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(|item| size_of::<Json>() + size_of_tree(item)).sum(),
        Json::Object(map) => map.iter().map(|(key, value)| ENTRY + key.len() + size_of_tree(value)).sum(),
    }
}
