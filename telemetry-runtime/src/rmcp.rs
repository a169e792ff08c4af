//! MCP with the crate `rmcp`: client and server in one trace, and failures that are values.
//!
//! - A `CallToolResult` with `is_error` ends its `tool_call` with the status `error`, its text as `error`.
//! - `Json<T>` is recorded as the `T` in it.
//! - [`inject`] writes the caller's context into a request, [`context`] reads it on the server: trace, session, tool-call
//!   id and own keys cross over.
//!
//! ```
//! use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock};
//! use rmcp::service::{RequestContext, RoleServer};
//! use telemetry_runtime::tool_call;
//!
//! // In the server: the tool is a part of the caller's trace.
//! #[tool_call(context = telemetry_runtime::rmcp::context(&request))]
//! async fn look_up(city: String, request: RequestContext<RoleServer>) -> Result<CallToolResult, rmcp::ErrorData> {
//!     drop(request);
//!     Ok(CallToolResult::error(vec![ContentBlock::text(format!("no such city: {city}"))]))
//! }
//!
//! // In the client, before `peer.call_tool(params)`:
//! let mut params = CallToolRequestParams::new("look_up");
//! telemetry_runtime::rmcp::inject(&mut params);
//! ```

use std::borrow::Cow;

use ::rmcp::handler::server::wrapper::Json as RmcpJson;
use ::rmcp::model::{CallToolRequestParams, CallToolResult, MetaObject, RequestMetaObject};
use ::rmcp::service::{RequestContext, ServiceRole};
use serde::Serialize;

use crate::capture::{FailureValue, Whole};
use crate::context::{Carrier, Context};
use crate::value::StopValue;

/// The key of `_meta` that holds the id which the model gave the call.
const TOOL_CALL_ID: &str = "io.telemetry/tool_call_id";

/// The most bytes of a tool-call id that comes from outside.
const MAX_ID: usize = 256;

/// Writes the current context into a request to a tool of a server: `traceparent` and `baggage` as MCP has them, and the
/// tool-call id.
pub fn inject(params: &mut CallToolRequestParams) {
    let context = Context::current();
    let meta = &mut params.meta.get_or_insert_default().0;
    context.inject(meta);
    if let Some(id) = context.tool_call_id() {
        meta.insert(TOOL_CALL_ID.to_owned(), id.into());
    }
}

/// Reads the caller's context out of a request. What comes from outside is bounded and validated; anything else is ignored.
pub fn context<R: ServiceRole>(request: &RequestContext<R>) -> Context {
    context_of(&request.meta)
}

/// Reads the caller's context out of the `_meta` of a request.
pub fn context_of(meta: &MetaObject) -> Context {
    let context = Context::extract(meta);
    let id = meta.0.get(TOOL_CALL_ID).and_then(|id| id.as_str());
    match id
        .filter(|id| id.len() <= MAX_ID && !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        Some(id) => context.with_tool_call_id(id),
        None => context,
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
