//! Finding documented events and keys by name.

use crate::events::{END, EVENTS, EXCEPTION, SPANS, START, STOP};
use crate::model::{Category, EventSpec, SpanSpec};

/// The documented span of that attribute name (`"llm_turn"`), if there is one.
pub fn span(short_name: &str) -> Option<&'static SpanSpec> {
    SPANS.iter().find(|span| span.short_name == short_name)
}

/// The documented single event of that `emit!` name (`"compact"`), if there is one.
pub fn event(emit: &str) -> Option<&'static EventSpec> {
    EVENTS.iter().find(|event| event.emit == emit)
}

/// The attribute names of all documented spans, in the order of the documents.
pub fn span_names() -> impl Iterator<Item = &'static str> {
    SPANS.iter().map(|span| span.short_name)
}

/// The full names of all documented events: three for each span, then the single ones.
pub fn event_names() -> impl Iterator<Item = &'static str> {
    let spans = SPANS.iter().flat_map(|span| span.events);
    spans.chain(EVENTS.iter().map(|event| event.name))
}

/// The group of the event with that full name, if it is documented.
pub fn category_of(name: &str) -> Option<Category> {
    let span = SPANS.iter().find(|span| span.events.contains(&name));
    let event = EVENTS.iter().find(|event| event.name == name);
    span.map(|span| span.category).or(event.map(|event| event.category))
}

/// The metadata keys of all documented events, as they stand in events; some more than once.
pub fn documented_keys() -> impl Iterator<Item = &'static str> {
    let fields = SPANS.iter().flat_map(|span| [span.start, span.stop]);
    let fields = fields.chain(EVENTS.iter().map(|event| event.metadata)).chain([STOP, EXCEPTION]);
    let context = SPANS.iter().flat_map(|span| span.context).map(|key| key.as_str());
    context.chain(fields.flatten().map(|field| field.key))
}

/// Whether some documented event has a key of that name, with or without its question mark.
pub fn is_documented_key(key: &str) -> bool {
    documented_keys().any(|known| known == key || known.trim_end_matches('?') == key)
}

/// Whether some documented event has a measurement of that name.
pub fn is_documented_measurement(key: &str) -> bool {
    let fields = EVENTS.iter().map(|event| event.measurements).chain([START, END]);
    fields.flatten().any(|field| field.is(key))
}
