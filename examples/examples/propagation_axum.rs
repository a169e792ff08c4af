//! One trace across two processes: the caller writes its context into HTTP headers, the service reads it from them.

use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use telemetry_runtime::{Context, InContext as _, OwnedEvent, agent_span, testing, tool_call};
use tokio::net::TcpListener;

/// The service: its tool is a part of the caller's trace.
async fn weather(headers: HeaderMap) -> Json<Vec<OwnedEvent>> {
    // What comes in is untrusted: a header that is malformed or too long is ignored.
    let context = Context::extract(&headers);
    let capture = context.scope(testing::capture);
    capture.follow(look_up("Oslo")).await;
    Json(capture.events())
}

#[tool_call]
async fn look_up(city: &str) -> usize {
    city.len()
}

/// The caller.
#[agent_span(agent, agent = "caller")]
async fn ask(url: &str) -> reqwest::Result<String> {
    let mut headers = HeaderMap::new();
    Context::current().inject(&mut headers); // traceparent and baggage, as W3C has them
    let client = reqwest::Client::builder().no_proxy().build()?;
    client.get(url).headers(headers).send().await?.text().await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(weather))).await });

    let capture = testing::capture();
    let work = ask(&url).in_context(capture.context().with("user_id", "u-1"));
    let there: Vec<OwnedEvent> = serde_json::from_str(&work.await?)?;

    let (agent, tool) = (&capture.named("condukt.agent.start")[0], &there[0]);
    println!("{} {:?}\n{} {:?}", agent.name, agent.span, tool.name, tool.span);
    assert_eq!(tool.span.unwrap().trace_id, agent.span.unwrap().trace_id);
    assert_eq!(tool.span.unwrap().parent_id, Some(agent.span.unwrap().id));
    assert_eq!(tool.get("session_id"), agent.get("session_id"));
    assert_eq!(tool.get("user_id").unwrap(), "u-1");
    Ok(())
}
