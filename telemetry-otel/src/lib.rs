//! LLM-agent telemetry as OpenTelemetry traces, metrics and logs.
//!
#![cfg_attr(feature = "otlp", doc = "```no_run")]
#![cfg_attr(not(feature = "otlp"), doc = "```ignore")]
//! // To the collector that the `OTEL_*` variables name; by themselves http://localhost:4318.
//! let telemetry = telemetry_otel::install()?;
//! // .. agents run: functions annotated with `telemetry_runtime` ..
//! telemetry.shutdown()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Or to providers of your own, with [`builder()`], which takes nothing global.
//!
//! # What comes out
//!
//! | annotated as | span | kind | metrics |
//! |---|---|---|---|
//! | `agent`, `agent_message` | `invoke_agent {agent}` | internal | `condukt.agent.duration`, `legion.agent.message.duration` |
//! | `llm_turn`, `llm_request` | `chat {model}` | client | `gen_ai.client.operation.duration`, `gen_ai.client.token.usage`, `gen_ai.client.operation.time_to_first_chunk` |
//! | `tool_call`, `sandbox_eval` | `execute_tool {tool}` | internal | `condukt.tool_call.duration`, `legion.sandbox.eval.duration` |
//! | `operation` | `invoke_workflow {operation}` | internal | `condukt.operation.duration` |
//! | `subagent` | `subagent {role}` | internal | `condukt.subagent.duration` |
//! | `run`, `iteration` | `run`, `iteration` | internal | `condukt.run.duration`, `legion.iteration.duration` |
//! | a span of your own | its own name | internal | |
//!
//! Names and attributes are those of the semantic conventions, [`Convention::V1_41_1`] by itself, with
//! `OpenInference`'s beside them where Phoenix and its like read no other. What the conventions have no
//! name for stands under `condukt.` and `legion.`; your own keys stand under their own names.
//! Every kind of span also counts its `.failures` and `.cancellations`. Metrics see every span, sampled or
//! not. Single events, failures of models, panics and cancellations are log records that say which
//! span they belong to.
//!
//! # One tree
//!
//! While a span of ours runs, in a function or at each poll of a future, it is the current OpenTelemetry
//! span of its thread: spans that others make in its body are inside it, and whatever OpenTelemetry
//! span is current around it is its parent. With `tracing-opentelemetry` (and its context activation,
//! which is on by itself) that holds for spans of `tracing` too. A context that is carried, as by
//! [`in_current_context`](telemetry_runtime::in_current_context), takes its span along. The ids in events and
//! those that [`Context::inject`](telemetry_runtime::Context::inject) writes are the ones exported.
//!
//! # Content
//!
//! Prompts, answers, arguments, results and code do not leave the process unless [`Builder::content`] or
//! `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true` says so. Messages then stand on spans in the
//! conventions' form, made from `OpenAI`'s chat messages, Anthropic's, or plain strings, and an agent shows
//! what its models were asked and answered. What errors and panics say is exported either way, as are
//! your own keys, unless they have a structure or [`Builder::content_keys`] names them.
//!
//! # A collector that is slow or down
//!
//! Nothing here blocks the agent. What waits is bounded in number and in bytes; what finds no room, or is
//! given up by the exporter, is counted ([`OtlpExport::spans`]), logged once when it begins, and summed up
//! at the end.
//!
//! # Features
//!
//! - `otlp` (by itself): [`install`], over HTTP.
//! - `grpc`: over gRPC, where `OTEL_EXPORTER_OTLP_PROTOCOL` asks for it.
//! - `tls`: collectors behind https.
//! - `gzip`: `OTEL_EXPORTER_OTLP_COMPRESSION=gzip`.

#![forbid(unsafe_code)]

mod bridge;
mod builder;
mod config;
mod convert;
mod logs;
mod mapping;
mod metrics;
#[cfg(feature = "otlp")]
mod otlp;
mod span;

pub use builder::{AttachGuard, Builder, builder};
pub use config::content::{Content, ContentKind};
pub use config::convention::Convention;
#[cfg(feature = "otlp")]
pub use otlp::{ExportStats, InstallError, OtlpExport, ShutdownError, install};
#[cfg(feature = "prices")]
pub use telemetry_llm::prices;

#[doc(hidden)]
pub use builder::AttachGuard as Attached;
