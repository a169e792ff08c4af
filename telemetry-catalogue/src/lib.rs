//! The documented telemetry events of LLM agents, as plain data.
//!
//! This crate is the one place where the events of [Condukt] and [Legion] are written down: their
//! names, phases, keys, types, what an annotation may leave out, and what goes beyond the two
//! documents. The attribute macros, the typed handlers, the default logger and the tables in
//! `docs/events.md` are all made from it.
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
//! # Newer events
//!
//! With the feature `newer-events` it has those that newer versions of the originals have beside the two documents:
//! Legion's `legion.mcp.call`, `legion.eval_guard.denied` and `legion.rate_limit.exceeded`, and Condukt's
//! `condukt.sandbox.network_policy.*`. Every event of Legion's has `agent_id` and `parent_agent_id` too, beside the `run_id` and
//! `parent_run_id` that they take the place of there. The `since` of an entry says which original has it, and since which version.
//!
//! # As a file
//!
//! ```sh
//! cargo run -p telemetry-catalogue --example export -- json     # or markdown, or weaver: an OpenTelemetry registry
//! cargo run -p telemetry-catalogue --features newer-events --example export -- markdown
//! ```
//!
//! [Condukt]: https://github.com/tuist/condukt
//! [Legion]: https://hex.pm/packages/legion

#![forbid(unsafe_code)]

mod events;
mod lookup;
mod model;
pub mod name;
mod suggest;

pub use events::{END, EVENTS, EXCEPTION, RESERVED, SPANS, START, STOP};
pub use lookup::{
    category_of, documented_keys, event, event_names, is_documented_key, is_documented_measurement, span,
    span_names,
};
pub use model::{Category, ContextKey, EventSpec, FieldSpec, Phase, Requirement, SpanSpec, StopKeys, Type};
pub use suggest::nearest;
