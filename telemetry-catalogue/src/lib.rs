//! The documented telemetry events of LLM agents, as plain data.
//!
//! This crate is the one place where the events of [Condukt] and [Legion] are written down: their
//! names, phases, keys, types, what an annotation may leave out, and what goes beyond the two
//! documents. The attribute macros, the typed handlers, the default logger and the table in the
//! README are all made from it.
//!
//! It depends on nothing and holds no state.
//!
//! ```
//! use telemetry_catalogue as catalogue;
//!
//! let span = catalogue::span("llm_turn").unwrap();
//! assert_eq!(span.prefix, "condukt.llm_turn");
//! assert!(span.start.iter().any(|field| field.key == "streaming?"));
//! assert_eq!(catalogue::nearest("lm_turn", catalogue::span_names()), Some("llm_turn"));
//! ```
//!
//! [Condukt]: https://github.com/tuist/condukt
//! [Legion]: https://hex.pm/packages/legion

#![forbid(unsafe_code)]

mod events;
mod model;
pub mod name;
mod suggest;

pub use events::{END, EVENTS, EXCEPTION, RESERVED, SPANS, START, STOP};
pub use model::{Category, ContextKey, EventSpec, FieldSpec, Phase, Requirement, SpanSpec, StopKeys, Type};
pub use suggest::nearest;

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

/// Whether some documented event has a key of that name.
pub fn is_documented_key(key: &str) -> bool {
    let fields = SPANS.iter().flat_map(|span| [span.start, span.stop]);
    let fields = fields.chain(EVENTS.iter().map(|event| event.metadata)).chain([STOP, EXCEPTION]);
    let context = SPANS.iter().flat_map(|span| span.context).any(|known| known.as_str() == key);
    context || fields.flatten().any(|field| field.is(key))
}

/// Whether some documented event has a measurement of that name.
pub fn is_documented_measurement(key: &str) -> bool {
    let fields = EVENTS.iter().map(|event| event.measurements).chain([START, END]);
    fields.flatten().any(|field| field.is(key))
}
