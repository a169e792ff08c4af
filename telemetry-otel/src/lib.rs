//! LLM-agent telemetry as OpenTelemetry traces, metrics and logs.
//!
#![cfg_attr(feature = "otlp", doc = "```no_run")]
#![cfg_attr(not(feature = "otlp"), doc = "```ignore")]
//! // To the collector that the `OTEL_*` variables name, by default http://localhost:4318.
//! let telemetry = telemetry_otel::install()?;
//! // .. agents run: functions annotated with `telemetry_runtime` ..
//! telemetry.shutdown()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Or to providers of your own, with [`builder()`], which takes nothing global.
//!
//! `docs/backends.md` in the repository has the variables for Phoenix, `MLflow`, Langfuse, `LangSmith`, Datadog, Logfire
//! and Grafana.
//!
//! # What a backend shows
//!
//! | annotated as | span | kind | metrics |
//! |---|---|---|---|
//! | `agent`, `agent_message` | `invoke_agent {agent}` | internal | `condukt.agent.duration`, `legion.agent.message.duration`, `telemetry.agent.inference_calls`, `telemetry.agent.tool_calls` |
//! | `llm_turn`, `llm_request` | `chat {model}` | client | `gen_ai.client.operation.duration`, `gen_ai.client.token.usage`, `telemetry.llm.cost`, of streams `gen_ai.client.operation.time_to_first_chunk` and `.time_per_output_chunk` |
//! | `tool_call`, `sandbox_eval` | `execute_tool {tool}` | internal | `condukt.tool_call.duration`, `legion.sandbox.eval.duration` |
//! | a `tool_call` by MCP | `tools/call {tool}` | client, server | also `mcp.client.operation.duration`, `mcp.server.operation.duration` |
//! | `operation` | `invoke_workflow {operation}` | internal | `condukt.operation.duration` |
//! | `subagent` | `subagent {role}`, or the child's name where the role is no word | internal | `condukt.subagent.duration` |
//! | `run`, `iteration` | `run`, `iteration` | internal | `condukt.run.duration`, `legion.iteration.duration` |
//! | a span of your own | its own name | internal | of an operation of the conventions `gen_ai.client.operation.duration` |
//!
//! Names and attributes are those of the semantic conventions, by default [`Convention::V1_41_1`], with
//! `OpenInference`'s beside them where Phoenix and its like read no other. A test compares them with the
//! conventions' own model. What the conventions have no name for stands under `condukt.`, `legion.` and
//! `telemetry.`; your own keys stand under their own names.
//!
//! Every kind of span also counts its `.failures` and `.cancellations`. Metrics see every span, sampled or
//! not. Single events, failures of models, panics and cancellations are log records that say which
//! span they belong to.
//!
//! - **A model call** has its messages whole, and no text beside them that a viewer would show in their
//!   place; the request's `parameters` and `tools`; the model, the id and the provider of the answer; tokens
//!   as `telemetry_llm::Usage` reads them; and what it cost, as the provider states or else by a table of
//!   prices ([`Builder::prices`]). A cost that is not known is absent, and counted in `telemetry.llm.unpriced`.
//! - **An agent** has the sums of its own model calls: tokens, cost, finish reasons, how many calls. Its
//!   question and answer are its `prompt` and `output`; without those, the first question and the last answer of
//!   its models' main conversation. It goes by the last segment of its Rust path
//!   ([`Builder::full_agent_names`]).
//! - **A session** (`session.id`) is the outermost conversation of a trace; `gen_ai.conversation.id` is the
//!   span's own, which of a sub-agent is another.
//! - **A span of your own** is an operation of the conventions if it has a key `gen_ai.operation.name`
//!   (`retrieval`, `embeddings`, `rerank`, `guardrail`, ..), and of any kind that `openinference.span.kind` gives;
//!   `otel.name` names it, `otel.kind` (`client`, `server`, ..) is its kind. Its `input` and `output` are content, and what it shows.
//! - **An evaluation** (`emit!(evaluation, ..)`) is a log record `gen_ai.evaluation.result` of the span that it
//!   judges; its explanation is content. Without log records, or by [`Builder::exception_events`], it is an event on the span.
//!
//! # One tree
//!
//! While a span of ours runs, in a function or at each poll of a future, it is the current OpenTelemetry
//! span of its thread: spans that others make in its body are inside it, and whatever OpenTelemetry
//! span is current around it is its parent. With `tracing-opentelemetry` (and its context activation,
//! which is on by default) that holds for spans of `tracing` too. A context that is carried, as by
//! [`in_current_context`](telemetry_runtime::in_current_context), takes its span along. The ids in events and
//! those that [`Context::inject`](telemetry_runtime::Context::inject) writes are the ones exported; of several
//! bridges ([`Builder::id`]), each of which exports a whole tree, those of the one attached last.
//!
//! `inject` writes the `tracestate` that came with the context it continues. One that another library's span or sampler has set
//! is on the exported spans, and `inject` does not know of it: where it has to reach the next service, let OpenTelemetry's own
//! propagator write the headers, for which the current span is ours.
//!
//! # Content
//!
//! Prompts, answers, arguments, results and code do not leave the process unless [`Builder::content`] or
//! `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true` turns it on, and then without the kinds that
//! [`Builder::hide`] or `OPENINFERENCE_HIDE_*` name, each text through [`Builder::mask`]. Messages stand on
//! spans in the conventions' form. A cut or omission is marked; pictures and the like are whole or left
//! out. The texts of errors and panics are exported either way, as are your own keys, unless they have a
//! structure, are content by their names, or [`Builder::content_keys`] names them.
//!
//! # A collector that is slow or down
//!
//! Nothing here blocks the agent. What waits is bounded in number and in bytes; what finds no room, or is
//! given up by the exporter, is counted (`OtlpExport::spans`), logged once when an outage begins, with the
//! address and the reason, and summed up at the end. A backend that takes no metrics or logs is logged once, and is
//! not a failure.
//!
//! # Features
//!
//! - `otlp` (default): [`install`], over HTTP.
//! - `prices` (default): a table of what models cost.
//! - `grpc`: over gRPC, where `OTEL_EXPORTER_OTLP_PROTOCOL` asks for it.
//! - `tls`: collectors behind https.
//! - `gzip`: `OTEL_EXPORTER_OTLP_COMPRESSION=gzip`.
//! - `console`: `OTEL_TRACES_EXPORTER=console` and its like, to standard output.
//! - `json`: `OTEL_EXPORTER_OTLP_PROTOCOL=http/json`.

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
