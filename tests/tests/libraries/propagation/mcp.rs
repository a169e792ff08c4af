//! A client and a server of MCP in one trace, by hand and by the feature `rmcp`; and a library that spawns its tools under `tracing`
//! spans of its own, by the feature `tracing-layer`.

use std::sync::{Arc, Mutex};

use rmcp::handler::server::wrapper::{Json as Structured, Parameters};
use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock, MetaObject, RequestMetaObject};
use rmcp::service::{QuitReason, RequestContext, RunningService};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleClient, RoleServer, ServerHandler, ServiceExt as _, tool, tool_handler, tool_router};
use serde_json::json;
use telemetry_runtime::tracing_layer::ContextLayer;
use telemetry_runtime::{Context, OwnedEvent, agent_span, in_span, testing, tool_call};
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;

use super::services::{capture, capture_in, far_away, is_one_trace};

#[derive(serde::Deserialize, rmcp::schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Place {
    city: String,
}

#[derive(serde::Deserialize, rmcp::schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Question {
    question: String,
}

#[derive(serde::Serialize, rmcp::schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Weather {
    degrees: i32,
}

/// A server whose handler is that of the test, as both are in one process.
#[derive(Clone)]
struct Server(Arc<Mutex<Vec<OwnedEvent>>>);

impl Server {
    /// The context of a request, with the test's handler in it.
    fn context(&self, request: &RequestContext<RoleServer>) -> Context {
        let seen = self.0.clone();
        telemetry_runtime::rmcp::context(request).with_handler(
            telemetry_runtime::event_names!["condukt.**"],
            move |event: &telemetry_runtime::Event<'_>| {
                seen.lock().unwrap().push(event.into());
            },
        )
    }
}

#[tool_router]
impl Server {
    /// Looks up the weather.
    #[tool]
    #[tool_call(context = self.context(&request), skip(request))]
    async fn weather(
        &self,
        Parameters(place): Parameters<Place>,
        request: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, rmcp::ErrorData> {
        drop(request);
        in_span!(operation, operation = "look up"; || ());
        if place.city == "Oslo" {
            return Ok(CallToolResult::success(vec![ContentBlock::text("rain")]));
        }
        Ok(CallToolResult::error(vec![
            ContentBlock::text(format!("no such city: {}", place.city)),
            ContentBlock::text("ask again"),
        ]))
    }

    /// Answers with what it emitted in the context that the request has in its `_meta`.
    #[tool]
    async fn echo(
        &self,
        Parameters(Question { question }): Parameters<Question>,
        request: RequestContext<RoleServer>,
    ) -> String {
        let capture = capture_in(Context::extract(&**request.meta));
        capture.follow(far_away(question)).await;
        serde_json::to_string(&capture.events()).unwrap()
    }
}

#[tool_handler]
impl ServerHandler for Server {}

/// A client and the server that it speaks to, until [`part`].
async fn connect(server: Server) -> (Client, Serving) {
    let (here, there) = tokio::io::duplex(64 * 1024);
    let serving = tokio::spawn(async move { server.serve(there).await.unwrap().waiting().await });
    (().serve(here).await.unwrap(), serving)
}

async fn part(client: Client, serving: Serving) {
    client.cancel().await.unwrap();
    serving.await.unwrap().unwrap();
}

type Client = RunningService<RoleClient, ()>;
type Serving = tokio::task::JoinHandle<Result<QuitReason, tokio::task::JoinError>>;

/// Without the functions of the feature `rmcp`.
#[tokio::test]
async fn the_context_goes_in_the_meta_of_a_request() {
    #[agent_span(agent, agent = "caller")]
    async fn echoed(client: &Client) -> Vec<OwnedEvent> {
        let mut meta = RequestMetaObject::default();
        Context::current().inject(&mut **meta);
        let mut params = CallToolRequestParams::new("echo");
        params.arguments = json!({"question": "why"}).as_object().cloned();
        params.meta = Some(meta);
        let result = serde_json::to_value(client.call_tool(params).await.unwrap()).unwrap();
        serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap()
    }
    let (client, serving) = connect(Server(Arc::default())).await;
    let capture = capture();
    let there = capture.follow(echoed(&client)).await;
    is_one_trace(&capture, &there);
    part(client, serving).await;
}

#[agent_span(agent, agent = "caller")]
async fn ask(client: &rmcp::Peer<RoleClient>, city: &str) {
    call(client, city).await.unwrap();
}

#[tool_call(name = "weather", tool_call_id = "call_7", skip(client))]
async fn call(client: &rmcp::Peer<RoleClient>, city: &str) -> Result<CallToolResult, rmcp::ServiceError> {
    let mut params = CallToolRequestParams::new("weather");
    params.arguments = json!({ "city": city }).as_object().cloned();
    telemetry_runtime::rmcp::inject(&mut params);
    client.call_tool(params).await
}

async fn both(city: &str) -> (Vec<OwnedEvent>, Vec<OwnedEvent>) {
    let there = Arc::new(Mutex::new(Vec::new()));
    let (client, serving) = connect(Server(there.clone())).await;
    let capture = testing::capture();
    capture.follow(ask(client.peer(), city)).await;
    part(client, serving).await;
    let there = std::mem::take(&mut *there.lock().unwrap());
    (capture.events(), there)
}

/// The keys of MCP that an event has.
fn of_mcp(event: &OwnedEvent) -> serde_json::Value {
    let names = |key: &str| key.starts_with("mcp.") || key.starts_with("jsonrpc.") || key == "otel.kind";
    event
        .metadata
        .iter()
        .filter(|(key, _)| names(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[tokio::test]
async fn either_side_has_the_keys_of_mcp_on_its_tool_call_alone() {
    let (here, there) = both("Oslo").await;
    let server = of_mcp(&there[0]);
    let version = server["mcp.protocol.version"].as_str().unwrap();
    assert!(version.starts_with("20"), "{version}");
    assert_eq!(
        server,
        json!({"mcp.method.name": "tools/call", "mcp.protocol.version": version, "otel.kind": "server",
            "jsonrpc.request.id": server["jsonrpc.request.id"]})
    );
    assert!(server["jsonrpc.request.id"].as_str().unwrap().parse::<u64>().is_ok());
    assert_eq!(of_mcp(there.last().unwrap()), server, "the stop has them too");
    let inside = there.iter().find(|event| event.name == "condukt.operation.start").unwrap();
    assert_eq!(of_mcp(inside), json!({}), "what is inside of the tool has none of them");
    // The client learns of them while it runs.
    let stop = here.iter().find(|event| event.name == "condukt.tool_call.stop").unwrap();
    assert_eq!(of_mcp(stop), json!({"mcp.method.name": "tools/call", "otel.kind": "client"}));
    assert_eq!(of_mcp(here.last().unwrap()), json!({}), "the agent around it");
}

#[tokio::test]
async fn a_ready_function_calls_a_tool() {
    let there = Arc::new(Mutex::new(Vec::new()));
    let (client, serving) = connect(Server(there.clone())).await;
    let capture = testing::capture();
    let mut params = CallToolRequestParams::new("weather");
    params.arguments = json!({"city": "Oslo"}).as_object().cloned();
    let called = telemetry_runtime::rmcp::call_tool(client.peer(), params);
    assert_ne!(capture.follow(called).await.unwrap().is_error, Some(true));
    let missing = telemetry_runtime::rmcp::call_tool(client.peer(), CallToolRequestParams::new("missing"));
    capture.follow(missing).await.unwrap_err();
    part(client, serving).await;
    let (events, there) = (capture.events(), there.lock().unwrap());
    let (start, stop) = (&events[0], &events[1]);
    assert_eq!(
        (start.get("tool").unwrap(), start.get("args").unwrap()),
        (&json!("weather"), &json!({"city": "Oslo"}))
    );
    assert_eq!(there[0].span.unwrap().parent_id, Some(start.span.unwrap().id));
    let keys = json!({"mcp.method.name": "tools/call", "otel.kind": "client",
        "mcp.protocol.version": of_mcp(&there[0])["mcp.protocol.version"]});
    assert_eq!((of_mcp(start), of_mcp(stop)), (keys.clone(), keys));
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!(events[3].get("error_type").unwrap(), "-32602", "{:?}", events[3]);
}

#[tokio::test]
async fn over_http_the_server_has_the_session_of_its_request() {
    let there = Arc::new(Mutex::new(Vec::new()));
    let server = Server(there.clone());
    let config = StreamableHttpServerConfig::default();
    let sessions = Arc::<LocalSessionManager>::default();
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, config);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/mcp", listener.local_addr().unwrap());
    let router = axum::Router::new().route_service("/mcp", service);
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let client = reqwest::Client::new();
    let send = |session: Option<String>, body: serde_json::Value| {
        let mut request = client
            .post(&address)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(body.to_string());
        if let Some(session) = session {
            request = request.header("mcp-session-id", session);
        }
        async move { request.send().await.unwrap().error_for_status().unwrap() }
    };
    let client_info = json!({"name": "test", "version": "1"});
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client_info});
    let answer =
        send(None, json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})).await;
    let session = answer.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    send(Some(session.clone()), json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    let call = json!({"name": "weather", "arguments": {"city": "Oslo"}});
    let answer = send(
        Some(session.clone()),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}),
    )
    .await;
    assert!(answer.text().await.unwrap().contains("rain"));
    serving.abort();
    let there = there.lock().unwrap();
    let tool = of_mcp(&there[0]);
    assert_eq!((&tool["mcp.session.id"], &tool["jsonrpc.request.id"]), (&json!(session), &json!("2")));
    assert_eq!(of_mcp(there.last().unwrap()), tool, "the stop has it too");
}

#[tokio::test]
async fn client_and_server_are_one_trace_with_session_and_call_id() {
    let (here, there) = both("Oslo").await;
    let (call, tool) = (&here[1], &there[0]);
    assert_eq!((&*call.name, &*tool.name), ("condukt.tool_call.start", "condukt.tool_call.start"));
    assert_eq!(tool.span.unwrap().parent_id, Some(call.span.unwrap().id));
    assert_eq!(tool.span.unwrap().trace_id, call.span.unwrap().trace_id);
    assert_eq!(tool.get("session_id").unwrap(), call.get("session_id").unwrap());
    assert_eq!(tool.get("tool_call_id").unwrap(), "call_7");
    assert_eq!(
        (tool.get("tool").unwrap(), call.get("tool").unwrap()),
        (&json!("weather"), &json!("weather"))
    );
    // The type of the arguments has neither `Serialize` nor `Debug`.
    assert_eq!(
        (tool.get("args").unwrap(), call.get("args").unwrap()),
        (&json!("<Place>"), &json!({"city": "Oslo"}))
    );
    assert_eq!(there.last().unwrap().get("status").unwrap(), "ok");
}

#[tokio::test]
async fn a_result_that_is_an_error_has_failed_on_both_sides() {
    let (here, there) = both("Atlantis").await;
    let ends = here.iter().chain(&there).filter(|event| event.name == "condukt.tool_call.stop");
    let mut count = 0;
    for stop in ends {
        count += 1;
        assert_eq!(stop.get("status").unwrap(), "error", "{stop:?}");
        assert_eq!(stop.get("error").unwrap(), "no such city: Atlantis\nask again");
        assert_eq!(stop.get("error_type").unwrap(), "tool_error");
        assert_eq!(stop.get("result").unwrap()["isError"], true);
    }
    assert_eq!(count, 2);
}

#[test]
fn structured_json_is_a_result() {
    #[tool_call]
    fn weather() -> Result<Structured<Weather>, String> {
        Ok(Structured(Weather { degrees: 3 }))
    }
    let capture = testing::capture();
    let _ = capture.scope(weather);
    assert_eq!(capture.events()[1].get("result").unwrap(), &json!({"degrees": 3}));
}

#[test]
fn the_context_of_a_request_is_validated() {
    for id in [json!(""), json!("a\nb"), json!(7), json!("x".repeat(300)), json!(null)] {
        let mut meta = MetaObject::default();
        meta.0.insert("io.telemetry/tool_call_id".into(), id);
        assert_eq!(telemetry_runtime::rmcp::context_of(&meta).tool_call_id(), None);
    }
}

/// As a library does: each tool runs in a task of its own, under a `tracing` span of the library's.
async fn run_spawned(tools: usize) {
    let tasks: Vec<_> = (0..tools)
        .map(|n| {
            let span = tracing::info_span!("library.tool", n);
            tokio::spawn(async move { tool(n).await }.instrument(span))
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tool_call]
async fn tool(n: usize) -> usize {
    tokio::task::yield_now().await;
    in_span!(operation, operation = "inside"; || n)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_that_a_library_spawns_under_its_own_spans_stay_in_the_tree() {
    let subscriber = tracing_subscriber::registry().with(ContextLayer::new());
    let _default = tracing::subscriber::set_default(subscriber);
    let capture = testing::capture();
    // Spawned tasks take the subscriber of the span that instruments them.
    let agent = in_span!(agent, agent = "A"; async { run_spawned(4).await });
    capture.follow(agent).await;
    let agent = &capture.named("condukt.agent.start")[0];
    let tools = capture.named("condukt.tool_call.start");
    assert_eq!(tools.len(), 4);
    for tool in &tools {
        assert_eq!(tool.span.unwrap().parent_id, Some(agent.span.unwrap().id));
        assert_eq!(tool.get("session_id"), agent.get("session_id"));
    }
    for inside in capture.named("condukt.operation.start") {
        let parent = inside.span.unwrap().parent_id.unwrap();
        assert!(tools.iter().any(|tool| tool.span.unwrap().id == parent), "inside of its own tool");
    }
    assert_eq!(capture.named("condukt.operation.stop").len(), 4);
}

#[test]
fn a_tracing_span_that_is_entered_inside_a_span_changes_nothing() {
    let subscriber = tracing_subscriber::registry().with(ContextLayer::new());
    tracing::subscriber::with_default(subscriber, || {
        let capture = testing::capture();
        capture.scope(|| {
            in_span!(agent, agent = "A"; || {
                let task = tracing::info_span!("task");
                in_span!(operation, operation = "o"; || {
                    task.in_scope(|| in_span!(tool_call, tool = "t", args = (); || ()));
                });
            });
        });
        let operation = capture.named("condukt.operation.start")[0].span.unwrap().id;
        assert_eq!(capture.named("condukt.tool_call.start")[0].span.unwrap().parent_id, Some(operation));
    });
    assert!(Context::current().span().is_none());
}
