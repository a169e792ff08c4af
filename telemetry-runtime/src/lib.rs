//! Telemetry for LLM agents.

#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod callsite;
mod capture;
mod clock;
mod context;
mod dispatch;
mod emit;
mod event;
mod handler;
mod hooks;
mod ids;
mod local;
mod logger;
mod name;
mod outcome;
mod panics;
mod process;
mod propagation;
mod queue;
mod redact;
mod registry;
mod secrets;
#[doc(hidden)]
pub mod sites;
mod span;
pub mod testing;
mod typed;
mod value;

pub use context::{Context, InContext, WithContext, in_current_context};
pub use dispatch::{ExecuteError, execute};
pub use emit::{EventMetadata, SpanMetadata};
pub use event::{Event, Measurements, Metadata, OwnedEvent};
pub use handler::{AttachError, Handler, HandlerInfo};
pub use hooks::{Identity, Opening, SpanHook};
pub use ids::{SpanId, SpanIds, TraceId};
pub use logger::{LoggerOptions, attach_default_logger, detach_default_logger};
pub use name::{EventName, NameError, Pattern, Patterns};
pub use outcome::{ErrorType, StopMetadata};
pub use process::AgentProcess;
pub use propagation::Carrier;
pub use queue::{Queue, queue};
pub use registry::{attach, attach_hook, detach, detach_hook, list_handlers};
pub use secrets::{MIN_SECRET_BYTES, Secrets, SecretsError};
pub use span::Stop;
pub use telemetry_catalogue::Category;
pub use telemetry_macros::{
    EventMetadata, StopMetadata, agent_span, emit, event_name, event_names, in_span, record, tool_call,
};
pub use tracing::Level;
pub use typed::{TypedHandler, attach_typed, condukt, legion, spans, telemetry};
pub use value::{Held, Json, Lazy, StopValue, Value};
