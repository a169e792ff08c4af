//! Telemetry for LLM agents: what an agent did, what it cost, where it failed.
//!
//! Put [`#[agent_span(..)]`](macro@agent_span) and [`#[tool_call]`](macro@tool_call) on the functions that make up an
//! agent. Each call emits documented `start`, `stop` and `exception` events, those of the Elixir agent
//! frameworks Condukt and Legion, to handlers attached at run time, on the model of Erlang's
//! `:telemetry`. Event and field names are checked by the compiler; what a stop carries is derived from
//! the return value; a panic and a cancelled future are reported as what they are. With no handler
//! attached, an annotated call costs one load and one branch.
//!
//! ```
//! use telemetry_runtime::{Event, agent_span, attach, detach, event_names, tool_call};
//!
//! /// Looks up the weather.
//! #[tool_call]
//! fn get_weather(city: &str) -> Result<i32, std::io::Error> {
//!     Ok(city.len() as i32)
//! }
//!
//! #[agent_span(agent)]
//! fn assistant(question: &str) -> Result<String, std::io::Error> {
//!     Ok(format!("{} degrees", get_weather(question)?))
//! }
//!
//! attach("audit", event_names!["condukt.tool_call.stop"], |event: &Event<'_>| {
//!     let metadata = event.metadata();
//!     println!("{:?} took {:?}", metadata.get("args"), event.measurements().duration());
//! })?;
//! assistant("Oslo")?;
//! detach("audit")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Concepts
//!
//! - A **span** is one call of an annotated function: an agent, a turn of the model, a tool call. It emits three
//!   events at most: `start`, then `stop` or `exception`. Spans nest as calls do.
//! - An **event** has a name (`condukt.tool_call.stop`), *measurements* (times and counts) and *metadata* (keys with
//!   values). [`emit!`] emits single events, which belong to no span of their own.
//! - A **handler** receives the events that its patterns select, in the thread that emits them. Handlers are attached
//!   and detached while the program runs. A handler that panics is detached; other handlers are unaffected.
//! - The **context** follows calls and awaits. It holds the current span and the keys that all events inside show:
//!   agent, session, run, keys of your own. See [`Context`].
//! - A **session** (Condukt) is one conversation with an agent, with an id that its spans share; a sub-agent has a
//!   session of its own. A **run** (Legion) is the life of one agent process. See [`AgentProcess`].
//!
//! # What is where
//!
//! - **Emitting**: [`agent_span`](macro@agent_span), [`tool_call`](macro@tool_call), [`in_span!`], [`record!`], [`emit!`];
//!   events of your own with [`derive(EventMetadata)`](derive@EventMetadata); [`execute`] for names made at run time.
//! - **Handling**: [`attach`] and [`detach`], [`attach_typed`], [`queue`] for slow handlers,
//!   [`attach_default_logger`], [`SpanHook`] for bridges. A handler gets an [`Event`]; [`OwnedEvent`] keeps it,
//!   serialises it and replays it.
//! - **Context**: [`Context`] holds agent, session, run, secrets and keys of your own; [`InContext`] and
//!   [`in_current_context`] carry it into tasks and threads, [`Context::inject`] and [`Context::extract`] into
//!   other processes.
//! - **Secrets**: [`Secrets`] are replaced in all that any handler reads.
//! - **Testing**: [`testing::capture`] sees only what happens under it, so tests run in parallel.
//!
//! # How a function ends
//!
//! | it | event | status |
//! |---|---|---|
//! | returns a value, or `Ok` | stop | `ok`, or the `status` that `stop(..)` sets |
//! | returns `Err` | stop | `error`, with `error` and `error_type` |
//! | panics | exception, `kind` `panic`; then the same panic goes on | |
//! | is dropped unfinished (a future or a stream) | exception, `kind` `cancelled` | |
//!
//! A span starts at its first poll; a future that is never polled emits nothing. Whether a span is observed
//! is decided at its start. Every start has exactly one stop or exception, unless the future is leaked, the
//! thread is killed, the process is gone, or the program is built with `panic = "abort"`.
//!
//! The frames of a panic come from a panic hook. It is installed when the first handler is attached, calls
//! the hook that was there before, and does nothing outside of observed spans.
//!
//! # Features
//!
//! - `http`: [`Carrier`] for `http::HeaderMap`.
//! - `log`: the default logger's lines as records of the `log` crate, where no `tracing` subscriber is set.
//! - `newer-events`: `legion.mcp.call.*` (`mcp_call`), `legion.eval_guard.denied`, `legion.rate_limit.exceeded` and
//!   `condukt.sandbox.network_policy.*`, which newer versions of the originals have, and `agent_id` and `parent_agent_id` on
//!   every event of Legion's.
//! - `prices`: `LoggerOptions::with_prices`, by which the default logger shows what a call of a model cost, and
//!   `testing::Capture::priced_totals`.
//! - `rmcp`: a tool of an MCP server and its client in one trace, and failures that are values; see the module `rmcp`.
//! - `tracing-layer`: a layer that carries the context with the `tracing` spans of libraries; see the module
//!   `tracing_layer`.
//! - `off`: every annotation vanishes, as with `--cfg telemetry_off` in `RUSTFLAGS`. For programs: a library that
//!   turns it on turns it on for all.

#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod agent_process;
mod capture;
mod clock;
pub mod context;
mod diagnostics;
mod dispatch;
mod emit;
mod event;
pub mod handler;
pub mod hook;
mod ids;
mod logger;
mod panics;
pub mod prelude;
pub mod recording;
mod registry;
#[cfg(feature = "rmcp")]
pub mod rmcp;
mod secrets;
mod session_secrets;
mod span;
pub mod testing;
#[cfg(feature = "tracing-layer")]
pub mod tracing_layer;
mod typed;
pub mod value;

pub use agent_process::AgentProcess;
pub use capture::{AsFailure, ErrorType, FailureValue};
pub use context::{Carrier, Context, InContext, SpanObserver, WithContext, in_current_context};
pub use dispatch::{ExecuteError, execute};
pub use emit::EventMetadata;
pub use event::{Event, EventName, IntoPatterns, Measurements, Metadata, NameError, OwnedEvent, Pattern};
pub use handler::{AttachError, AttachGuard, Attachment, Handler, HandlerInfo, Needs, Queue, needing, queue};
pub use hook::{SpanHook, SpanIdentity, SpanStart, StartedSpan, attach_hook, detach_hook};
pub use ids::{ParseIdError, SpanId, SpanIds, TraceId};
pub use logger::{LoggerOptions, attach_default_logger, detach_default_logger};
pub use registry::{attach, detach, list_handlers};
pub use secrets::{MIN_SECRET_BYTES, Secrets, SecretsError};
pub use span::{Answered, OpenSpan, SpanKind, SpanMetadata, Stop, StopMetadata};
pub use telemetry_catalogue::{Category, Phase};
#[cfg(feature = "prices")]
pub use telemetry_llm::prices;
pub use tracing::Level;
pub use typed::{TypedHandler, attach_typed, condukt, legion, spans, telemetry};
pub use value::{Json, Value};

/// The documented events: a type for each, with a method for each key, and the documented spans.
pub mod events {
    pub use crate::typed::{condukt, legion, spans, telemetry};
}

/// The traits that the compiler's messages name: what the value at a place of an attribute or macro must be able to do.
///
/// [`Text`](requirements::Text) and its like are implemented for the types that their messages expect. The `Needs*` traits are
/// implemented for no type: each stands for one mistake. There is no reason to name any of them in a program.
pub mod requirements {
    pub use crate::capture::{AsDebug, AsDisplay, Failed, Flag, Integer, KnownError, Measure, Nanos, Text};
    pub use crate::diagnostics::{
        NeedsBoxedFuture, NeedsBoxedStream, NeedsDebug, NeedsFieldAttribute, NeedsPercent, NeedsResult,
        NeedsSerialize, NeedsStream, NeedsValue,
    };
    pub use crate::span::{Answer, Derived, StopOfOwn, StopsWith, Work};
}

// The macros are documented here, where their examples can be compiled.
#[doc = include_str!("../docs/event_metadata.md")]
pub use telemetry_macros::EventMetadata;
#[doc = include_str!("../docs/stop_metadata.md")]
pub use telemetry_macros::StopMetadata;
#[doc = include_str!("../docs/agent_span.md")]
pub use telemetry_macros::agent_span;
#[doc = include_str!("../docs/emit.md")]
pub use telemetry_macros::emit;
#[doc = include_str!("../docs/event_name.md")]
pub use telemetry_macros::event_name;
#[doc = include_str!("../docs/event_names.md")]
pub use telemetry_macros::event_names;
#[doc = include_str!("../docs/in_span.md")]
pub use telemetry_macros::in_span;
#[doc = include_str!("../docs/open_span.md")]
pub use telemetry_macros::open_span;
#[doc = include_str!("../docs/record.md")]
pub use telemetry_macros::record;
#[doc = include_str!("../docs/tool_call.md")]
pub use telemetry_macros::tool_call;
