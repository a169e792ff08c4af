//! Context across processes as it travels: over HTTP between a server and a client, and to a process of its
//! own.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Stdio};

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::get;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{Context, OwnedEvent, Secrets, agent_span, tool_call};
use tests::{own_process, property};

#[tool_call]
pub(super) async fn far_away(question: String) -> String {
    question.to_uppercase()
}

/// A service that does its work in the context that comes with the request, and answers with what it emitted.
async fn answer(headers: HeaderMap) -> axum::Json<Vec<OwnedEvent>> {
    let capture = capture_in(Context::extract(&headers));
    capture.follow(far_away("why".to_owned())).await;
    axum::Json(capture.events())
}

/// Captures in a context that came from outside.
pub(super) fn capture_in(context: Context) -> Capture {
    context.scope(testing::capture)
}

async fn listen() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(answer))).await });
    address
}

#[agent_span(agent, agent = "caller")]
async fn call(address: SocketAddr) -> reqwest::Result<Vec<OwnedEvent>> {
    let mut headers = HeaderMap::new();
    Context::current().inject(&mut headers);
    let response = reqwest::Client::new().get(format!("http://{address}/")).headers(headers).send().await?;
    let body = response.bytes().await?;
    Ok(serde_json::from_slice(&body).unwrap())
}

/// Asserts that what was done there is a part of what was done here.
pub(super) fn is_one_trace(here: &Capture, there: &[OwnedEvent]) {
    let events = here.events();
    let agent = only(&events, "condukt.agent.start");
    let tool = only(there, "condukt.tool_call.start");
    assert_eq!(tool.span.unwrap().parent_id, Some(agent.span.unwrap().id));
    assert_eq!(tool.span.unwrap().trace_id, agent.span.unwrap().trace_id);
    assert_eq!(tool.get("session_id"), agent.get("session_id"));
    assert_eq!(tool.get("user_id").unwrap(), "u-1, ü");
    // A documented key of the callee is not set from here.
    assert_eq!(tool.get("agent"), None);
    assert_eq!(there.len(), 2);
}

pub(super) fn capture() -> Capture {
    testing::capture().with_context(|context| {
        let secrets = Secrets::resolve([("TOKEN", "tok-0123456789")]).unwrap();
        context.with("user_id", "u-1, ü").with_secrets(secrets)
    })
}

#[tokio::test]
async fn between_a_client_and_a_server() {
    let address = listen().await;
    let capture = capture();
    let there = capture.follow(call(address)).await.unwrap();
    is_one_trace(&capture, &there);
}

/// What the child process of [`between_processes`] does.
#[test]
fn server_of_a_process_of_its_own() {
    if std::env::var_os("PROPAGATION_SERVER").is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("listening on {}", listen().await);
        std::future::pending::<()>().await;
    });
}

/// A child process that does not outlive the test.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn between_processes() {
    use std::io::{BufRead as _, BufReader};
    let child = own_process("propagation::services::server_of_a_process_of_its_own")
        .env("PROPAGATION_SERVER", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Kept(child);
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let address = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("listening on ").map(|(_, address)| address.trim().parse()));
    let capture = capture();
    let there = capture.follow(call(address.unwrap().unwrap())).await.unwrap();
    is_one_trace(&capture, &there);
}

fn header(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

/// Baggage may come in several headers; `traceparent` may not.
#[test]
fn headers_that_come_more_than_once() {
    let mut headers = HeaderMap::new();
    headers.append(header("baggage"), HeaderValue::from_static("a=1"));
    headers.append(header("baggage"), HeaderValue::from_bytes(b"b=\xff").unwrap());
    headers.append(header("baggage"), HeaderValue::from_static("c=3;property=x"));
    let context = Context::extract(&headers);
    assert_eq!((context.get("a").unwrap(), context.get("c").unwrap()), ("1".into(), "3".into()));
    assert!(context.get("b").is_none());

    let parent = HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    headers.append(header("traceparent"), parent.clone());
    let injected = |headers: &HeaderMap| {
        let mut out = HeaderMap::new();
        Context::extract(headers).inject(&mut out);
        out.get("traceparent").cloned()
    };
    assert_eq!(injected(&headers), Some(parent.clone()));
    headers.append(header("traceparent"), parent);
    assert_eq!(injected(&headers), None);
}

/// Hundreds of headers are read no further than they may be.
#[test]
fn a_flood_of_headers_is_bounded() {
    let mut headers = HeaderMap::new();
    for n in 0..20_000 {
        headers
            .append(header("baggage"), HeaderValue::from_str(&format!("k{n}={}", "v".repeat(100))).unwrap());
    }
    assert_eq!(Context::extract(&headers).iter().count(), 0);
}

/// What comes from others: anything at all, and what is nearly right.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let nearly = prop_oneof![
        "[0-9a-f]{2}-[0-9a-f]{30,33}-[0-9a-f]{15,17}-[0-9a-f]{1,3}(-.{0,8})?",
        "00-0{32}-[0-9a-f]{16}-01",
        "([a-z_.?%]{1,12}=[ -~]{0,20}[,;]){0,8}",
        "([a-z]{1,4}=(%[0-9a-fA-F]{0,2}){0,6},){0,8}",
        "session_id=.{0,40}",
        "[,;=% ]{0,60}",
        "(status|agent|tool|session_id|error)=[a-z]{1,4},x=1",
        Just("k=v,".repeat(200)),
        Just(format!("k={}", "v".repeat(9000))),
    ]
    .prop_map(String::into_bytes);
    prop_oneof![1 => proptest::collection::vec(any::<u8>(), 0..120), 3 => nearly]
}

#[test]
fn no_header_does_any_harm() {
    let headers = || proptest::collection::vec(hostile(), 0..3);
    property::check(1000, &(headers(), headers()), |(parents, baggages)| {
        let mut headers = HeaderMap::new();
        for (name, values) in [("traceparent", parents), ("baggage", baggages)] {
            for value in values {
                // A malformed header does not get this far.
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    headers.append(header(name), value);
                }
            }
        }
        let context = Context::extract(&headers);
        prop_assert!(context.iter().count() <= 64);
        for (key, value) in context.iter() {
            let value = value.as_str().unwrap();
            prop_assert!(key.len() <= 128 && value.len() <= 1024);
            prop_assert!(!key.chars().chain(value.chars()).any(char::is_control), "{key:?} {value:?}");
        }
        // It is a context like any other: events show it, and it can be sent on.
        let capture = capture_in(context.clone());
        futures::executor::block_on(capture.follow(far_away("q".to_owned())));
        let events = capture.events();
        prop_assert_eq!(events.len(), 2);
        let stop = &events[1];
        prop_assert_eq!(stop.get("status"), Some(&json!("ok")));
        prop_assert_eq!(stop.get("tool"), Some(&json!("far_away")));
        prop_assert_eq!(stop.get("agent"), None);
        let mut again = HeaderMap::new();
        context.inject(&mut again);
        prop_assert!(again.get("baggage").is_none_or(|baggage| baggage.len() <= 8192));
        let twice = Context::extract(&again);
        let keys = |context: &Context| -> Json {
            context.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect()
        };
        prop_assert_eq!(keys(&twice), keys(&context));
        prop_assert_eq!(twice.session_id(), context.session_id());
        Ok(())
    });
}
