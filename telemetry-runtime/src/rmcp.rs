//! MCP with the crate `rmcp`: client and server in one trace, and failures that are values.
//!
//! - A `CallToolResult` with `is_error` ends its `tool_call` with the status `error`, its text as `error`.
//! - An error that the other side returns has its JSON-RPC code as `error_type`.
//! - `Json<T>` is recorded as the `T` in it.
//! - [`call_tool`] calls a tool of a server, as a `tool_call` of the client.
//! - [`inject`] writes the caller's context into a request, [`context`] reads it on the server: trace, session, tool-call
//!   id and own keys cross over.
//!
//! ```
//! use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock};
//! use rmcp::service::{Peer, RequestContext, RoleClient, RoleServer, ServiceError};
//! use telemetry_runtime::tool_call;
//!
//! // In the server: the tool is a part of the caller's trace.
//! #[tool_call(context = telemetry_runtime::rmcp::context(&request))]
//! async fn look_up(city: String, request: RequestContext<RoleServer>) -> Result<CallToolResult, rmcp::ErrorData> {
//!     drop(request);
//!     Ok(CallToolResult::error(vec![ContentBlock::text(format!("no such city: {city}"))]))
//! }
//!
//! // In the client.
//! async fn ask(peer: &Peer<RoleClient>) -> Result<CallToolResult, ServiceError> {
//!     telemetry_runtime::rmcp::call_tool(peer, CallToolRequestParams::new("look_up")).await
//! }
//! ```
//!
//! # What a call carries
//!
//! The tool call of either side has, beside its own keys, those of OpenTelemetry's conventions for MCP, as `telemetry-otel` exports
//! them:
//!
//! | key | client | server |
//! |---|---|---|
//! | `mcp.method.name` | `tools/call` | `tools/call` |
//! | `mcp.protocol.version` | by [`call_tool`] | yes |
//! | `mcp.session.id` | | over HTTP, with the feature `http` |
//! | `jsonrpc.request.id` | | yes |
//! | `otel.kind` | `client` | `server` |
//!
//! A client that calls in a `tool_call` of its own and uses [`inject`] has `mcp.method.name` and `otel.kind` on its stop. `rmcp` does
//! not give a client the id of its request or of its session.

use std::borrow::Cow;

use ::rmcp::ErrorData;
use ::rmcp::handler::server::wrapper::Json as RmcpJson;
use ::rmcp::model::{CallToolRequestParams, CallToolResult, MetaObject, RequestMetaObject};
use ::rmcp::service::{Peer, RequestContext, RoleClient, RoleServer, ServiceError};
use serde::Serialize;
use telemetry_macros::in_span;

use crate::capture::{ErrorType, FailureValue, Whole};
use crate::context::{Carrier, Context, RequestKeys};
use crate::emit;
use crate::registry::documented;
use crate::value::{CapturedValue, StopValue};

/// The key of `_meta` that holds the id which the model gave the call.
const TOOL_CALL_ID: &str = "io.telemetry/tool_call_id";

/// The most bytes of an id that comes from outside.
const MAX_ID: usize = 256;

const METHOD: (&str, &str) = ("mcp.method.name", "tools/call");
const PROTOCOL: &str = "mcp.protocol.version";
const KIND: &str = "otel.kind";

/// Calls a tool of a server: a `tool_call` of the current context, which the server's own is inside of.
///
/// # Errors
/// If the server cannot be reached or returns an error. A failure of the tool is a `CallToolResult` with `is_error`.
pub async fn call_tool(
    peer: &Peer<RoleClient>,
    mut params: CallToolRequestParams,
) -> Result<CallToolResult, ServiceError> {
    let protocol = peer.peer_info().map(|server| server.protocol_version.to_string());
    let (tool, arguments) = (params.name.clone(), params.arguments.clone().unwrap_or_default());
    let call = async {
        write(&mut params);
        peer.call_tool(params).await
    };
    in_span!(tool_call, tool = &*tool, args = arguments, crate = crate,
        fields("mcp.method.name" = METHOD.1, "mcp.protocol.version" = protocol, "otel.kind" = "client"); call)
    .await
}

/// Writes the current context into a request to a tool of a server: `traceparent` and `baggage` as MCP has them, and the
/// tool-call id.
pub fn inject(params: &mut CallToolRequestParams) {
    write(params);
    for (key, value) in [METHOD, (KIND, "client")] {
        emit::record(&documented::tool_call, key, CapturedValue::Text(value.into()));
    }
}

fn write(params: &mut CallToolRequestParams) {
    let context = Context::current();
    let meta = &mut params.meta.get_or_insert_default().0;
    context.inject(meta);
    if let Some(id) = context.tool_call_id() {
        meta.insert(TOOL_CALL_ID.to_owned(), id.into());
    }
}

/// Reads the caller's context out of a request. What comes from outside is bounded and validated; anything else is ignored.
///
/// The `tool_call` that begins next in it has the keys of the request.
pub fn context(request: &RequestContext<RoleServer>) -> Context {
    let protocol = request.protocol_version().map(|version| version.to_string());
    let id = request.id.to_string();
    let keys = [
        (METHOD.0, Some(METHOD.1)),
        (KIND, Some("server")),
        (PROTOCOL, protocol.as_deref()),
        ("jsonrpc.request.id", Some(id.as_str())),
        ("mcp.session.id", session(request)),
    ];
    let known = keys.into_iter().filter_map(|(key, value)| Some((key, value.filter(|id| is_id(id))?.into())));
    let known: RequestKeys = known.collect();
    context_of(&request.meta).change(|state| state.request = Some(known))
}

/// The session of a request that came over HTTP.
#[cfg(feature = "http")]
fn session(request: &RequestContext<RoleServer>) -> Option<&str> {
    request.extensions.get::<http::request::Parts>()?.headers.get("mcp-session-id")?.to_str().ok()
}

#[cfg(not(feature = "http"))]
fn session(_request: &RequestContext<RoleServer>) -> Option<&str> {
    None
}

/// Whether a text from outside may be an id.
fn is_id(text: &str) -> bool {
    text.len() <= MAX_ID && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Reads the caller's context out of the `_meta` of a request.
pub fn context_of(meta: &MetaObject) -> Context {
    let context = Context::extract(meta);
    let id = meta.0.get(TOOL_CALL_ID).and_then(|id| id.as_str());
    match id.filter(|id| is_id(id)) {
        Some(id) => context.with_tool_call_id(id),
        None => context,
    }
}

/// The code of the JSON-RPC error: `-32602`.
impl ErrorType for ErrorData {
    fn error_type(&self) -> String {
        self.code.0.to_string()
    }
}

/// The code of the error that the other side returned, else a word: `timeout`.
impl ErrorType for ServiceError {
    fn error_type(&self) -> String {
        match self {
            Self::McpError(error) => return error.error_type(),
            Self::TransportSend(_) => "transport_send",
            Self::TransportClosed => "transport_closed",
            Self::UnexpectedResponse => "unexpected_response",
            Self::Cancelled { .. } => "cancelled",
            Self::Timeout { .. } => "timeout",
            _ => "error",
        }
        .to_owned()
    }
}

impl Carrier for MetaObject {
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        Carrier::get(&self.0, key)
    }

    fn set(&mut self, key: &'static str, value: String) {
        Carrier::set(&mut self.0, key, value);
    }
}

impl Carrier for RequestMetaObject {
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        Carrier::get(&self.0, key)
    }

    fn set(&mut self, key: &'static str, value: String) {
        Carrier::set(&mut self.0, key, value);
    }
}

/// A result that the server marks as an error has its text.
impl FailureValue for CallToolResult {
    fn failure(&self) -> Option<String> {
        if self.is_error != Some(true) {
            return None;
        }
        let texts = self.content.iter().filter_map(|block| block.as_text()).map(|text| &*text.text);
        let text = texts.collect::<Vec<_>>().join("\n");
        Some(match &self.structured_content {
            Some(content) if text.is_empty() => content.to_string(),
            _ => text,
        })
    }
}

/// `Json<T>` is recorded as the `T` in it.
pub trait WholeJson<'r> {
    #[doc(hidden)]
    fn __telemetry_held(&self) -> StopValue<'r>;
}

impl<'r, T: Serialize> WholeJson<'r> for &&&&Whole<'r, RmcpJson<T>> {
    fn __telemetry_held(&self) -> StopValue<'r> {
        StopValue::lazy(&self.0.0)
    }
}
