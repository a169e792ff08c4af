//! A tool of an MCP server and its client in one trace, with the crate `rmcp` and the feature of that name.

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock};
use rmcp::service::RequestContext;
use rmcp::{
    Peer, RoleClient, RoleServer, ServerHandler, ServiceError, ServiceExt as _, tool, tool_handler,
    tool_router,
};
use serde_json::json;
use telemetry_runtime::{Event, agent_span, attach, event_names, tool_call};

#[derive(serde::Deserialize, serde::Serialize, rmcp::schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Place {
    city: String,
}

struct Server;

#[tool_router]
impl Server {
    /// Looks up the weather.
    #[tool]
    #[tool_call(context = telemetry_runtime::rmcp::context(&request), skip(request))]
    async fn weather(&self, place: Parameters<Place>, request: RequestContext<RoleServer>) -> CallToolResult {
        drop(request);
        match place.0.city.as_str() {
            "Oslo" => CallToolResult::success(vec![ContentBlock::text("rain")]),
            // A failure that is a value: the span's status is `error` all the same.
            city => CallToolResult::error(vec![ContentBlock::text(format!("no such city: {city}"))]),
        }
    }
}

#[tool_handler]
impl ServerHandler for Server {}

#[agent_span(agent, agent = "caller")]
async fn ask(client: &Peer<RoleClient>, city: &str) -> Result<CallToolResult, ServiceError> {
    let mut params = CallToolRequestParams::new("weather");
    params.arguments = json!({ "city": city }).as_object().cloned();
    // A `tool_call`, with trace, session and tool-call id in the request.
    telemetry_runtime::rmcp::call_tool(client, params).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    attach("print", event_names!["condukt.*.stop"], |event: &Event<'_>| {
        println!("{} {:?} {:?}", event.name(), event.span(), event.metadata());
    })?;
    // Client and server are in one process here, over a pipe.
    let (here, there) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { Server.serve(there).await.unwrap().waiting().await });
    let client = ().serve(here).await?;
    ask(client.peer(), "Oslo").await?;
    assert_eq!(ask(client.peer(), "Atlantis").await?.is_error, Some(true));
    Ok(client.cancel().await.map(drop)?)
}
