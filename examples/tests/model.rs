//! Turns against servers that behave as real ones sometimes do.

use std::convert::Infallible;
use std::num::NonZeroUsize;

use axum::response::IntoResponse;
use axum::response::sse::{Event as Chunk, Sse};
use axum::routing::post;
use axum::{Json, Router};
use examples::airline::model::{ModelOptions, Streaming, ToolChoice};
use examples::airline::replay::conversation;
use examples::airline::replay::server::ReplayServer;
use examples::airline::run::{Mode, RunError, Settings, run};
use serde_json::{Value, json};
use support::{named, observe};
use telemetry_runtime::OwnedEvent;

mod support;

/// A provider that answers everything with `answer`.
async fn provider<R: IntoResponse + Send + 'static>(
    answer: impl Fn() -> R + Clone + Send + Sync + 'static,
) -> String {
    let handler = move || {
        let answer = answer();
        async { answer }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/chat/completions", post(handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn stream(chunks: &[Value]) -> impl IntoResponse + use<> {
    let events: Vec<_> =
        chunks.iter().map(|chunk| Ok::<_, Infallible>(Chunk::default().data(chunk.to_string()))).collect();
    Sse::new(futures::stream::iter(events))
}

fn chunk(delta: &Value, finish_reason: Option<&str>) -> Value {
    json!({
        "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "usage": null,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    })
}

/// Runs one question against a provider, and gives the outcome and the events.
async fn ask(base_url: String, streaming: Streaming) -> (Result<(), RunError>, Vec<OwnedEvent>) {
    let line = r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello!"}]}"#;
    let settings = Settings {
        mode: Mode::Provider { base_url, api_key: "none".to_owned() },
        model: ModelOptions { name: "m".to_owned(), streaming, tool_choice: ToolChoice::Auto },
        concurrency: NonZeroUsize::MIN,
        booking_key: "larkwing".to_owned(),
    };
    observe(run(conversation::parse("test", line.as_bytes()).unwrap(), settings)).await
}

fn stop<'a>(events: &'a [OwnedEvent], name: &str) -> &'a OwnedEvent {
    match named(events, name)[..] {
        [stop] => stop,
        _ => panic!("not one {name} in {events:#?}"),
    }
}

#[tokio::test]
async fn a_stream_without_usage_leaves_it_unknown() {
    let url =
        provider(|| stream(&[chunk(&json!({"content": "Hello!"}), None), chunk(&json!({}), Some("stop"))]))
            .await;
    let (outcome, events) = ask(url, Streaming::Always).await;
    outcome.unwrap();
    let turn = stop(&events, "condukt.llm_turn.stop");
    assert_eq!(turn.get("status"), Some(&json!("ok")));
    assert_eq!(turn.get("streaming?"), Some(&json!(true)));
    assert_eq!(turn.get("finish_reason"), Some(&json!("stop")));
    let said = &turn.get("assistant_message").unwrap()["parts"];
    assert_eq!(said, &json!([{"type": "text", "content": "Hello!"}]));
    assert_eq!(turn.get("usage"), None);
    assert_eq!(turn.as_event().measurements().get("items").and_then(|items| items.as_u64()), Some(2));
}

#[tokio::test]
async fn usage_comes_from_the_last_chunk() {
    let usage = json!({"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15});
    let last = json!({
        "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [], "usage": usage,
    });
    let url = provider(move || stream(&[chunk(&json!({"content": "Hi"}), Some("stop")), last.clone()])).await;
    let (outcome, events) = ask(url, Streaming::Always).await;
    outcome.unwrap();
    assert_eq!(
        stop(&events, "condukt.llm_turn.stop").get("usage"),
        Some(&json!({"input": 12, "output": 3, "total": 15}))
    );
}

#[tokio::test]
async fn a_stream_without_a_finish_reason_fails() {
    let half = [chunk(&json!({"content": "Hel"}), None)];
    for chunks in [&half[..], &[]] {
        let chunks = chunks.to_vec();
        let url = provider(move || stream(&chunks)).await;
        let (outcome, events) = ask(url, Streaming::Always).await;
        assert_eq!(
            outcome.unwrap_err().to_string(),
            "line 1: turn 0: the stream ended without a finish reason"
        );
        let turn = stop(&events, "condukt.llm_turn.stop");
        assert_eq!(turn.get("status"), Some(&json!("error")));
        assert_eq!(turn.get("error_type"), Some(&json!("cut_short")));
        assert_eq!(turn.get("usage"), None);
        assert_eq!(stop(&events, "condukt.agent.stop").get("status"), Some(&json!("error")));
    }
}

#[tokio::test]
async fn an_answer_that_is_an_error() {
    let url = provider(|| {
        let error = json!({"error": {"message": "no such model", "type": "invalid_request_error"}});
        (axum::http::StatusCode::NOT_FOUND, Json(error))
    })
    .await;
    for streaming in [Streaming::Always, Streaming::Never] {
        let (outcome, events) = ask(url.clone(), streaming).await;
        assert!(outcome.unwrap_err().to_string().contains("no such model"));
        let turn = stop(&events, "condukt.llm_turn.stop");
        assert_eq!(turn.get("error_type"), Some(&json!("refused")));
        assert_eq!(turn.get("streaming?"), Some(&json!(streaming == Streaming::Always)));
    }
}

#[tokio::test]
async fn an_unusable_answer_is_an_error() {
    for body in [json!("sunny"), json!({"id": "c", "object": "o", "created": 0, "model": "m", "choices": []})]
    {
        let url = provider(move || Json(body.clone())).await;
        let (outcome, events) = ask(url, Streaming::Never).await;
        assert!(outcome.unwrap_err().to_string().contains("cannot be read"));
        assert_eq!(stop(&events, "condukt.llm_turn.stop").get("error_type"), Some(&json!("unreadable")));
    }
}

#[tokio::test]
async fn a_model_that_calls_tools_that_are_not_there() {
    let call = |name: &str, arguments: &str| json!({"id": name, "type": "function", "function": {"name": name, "arguments": arguments}});
    let calls = json!([
        call("fly_to_the_moon", "{}"),
        call("get_user_details", "{}"),
        call("add_bags", r#"{"reservation_id":"QK7M2P","bags":"many","payment_method":"x"}"#),
        call("get_reservation_details", "not JSON"),
        call("cancel_reservation", r#"{"reservation_id":"NOPE00"}"#),
        call("transfer_to_human", r#"{"summary":"lost"}"#),
    ]);
    let answer = json!({
        "id": "c", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": calls}}],
    });
    let url = provider(move || Json(answer.clone())).await;
    let (outcome, events) = ask(url, Streaming::Never).await;
    outcome.unwrap();
    let mut failures: Vec<_> = named(&events, "condukt.tool_call.stop")
        .into_iter()
        .map(|event| (event.get("tool"), event.get("tool_call_id"), event.get("error_type")))
        .map(|(tool, id, error)| {
            assert_eq!(tool, id, "each call under its own id");
            (tool.and_then(Value::as_str).unwrap_or_default(), error.and_then(Value::as_str))
        })
        .collect();
    failures.sort_unstable();
    assert_eq!(
        failures,
        [
            ("add_bags", Some("bad_argument")),
            ("cancel_reservation", Some("not_found")),
            ("fly_to_the_moon", Some("unknown_tool")),
            ("get_reservation_details", Some("bad_argument")),
            ("get_user_details", Some("bad_argument")),
            ("transfer_to_human", None),
        ]
    );
}

/// The loopback server is as good a provider as any.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_with_the_real_tools() {
    let conversations = conversation::shipped().unwrap();
    let server = ReplayServer::start(&conversations).await.unwrap();
    let settings = Settings {
        mode: Mode::Provider { base_url: server.base_url(0), api_key: "none".to_owned() },
        model: ModelOptions::default(),
        concurrency: NonZeroUsize::MIN,
        booking_key: "larkwing".to_owned(),
    };
    let (outcome, events) = observe(run(conversations, settings)).await;
    outcome.unwrap();

    let of = |name: &str| named(&events, name);
    assert_eq!(of("condukt.agent.stop").len(), 8);
    assert_eq!(of("condukt.tool_call.stop").len(), 12);
    let call = of("condukt.tool_call.stop");
    let change = call.iter().find(|event| event.get("tool_call_id") == Some(&json!("call_c5Cc"))).unwrap();
    assert_eq!(change.get("tool"), Some(&json!("change_flight")));
    assert_eq!(
        change.get("args"),
        Some(&json!({
            "reservation_id": "QK7M2P", "flight": "LW203", "date": "2025-04-14", "payment_method": "credit_card_7715",
        }))
    );
    assert_eq!(change.get("result").map(|result| &result["paid"]), Some(&json!(430)));

    // The fare desk works in a session of its own, under the assistant's.
    let delegation = stop(&events, "condukt.subagent.stop");
    assert_eq!(delegation.get("role"), Some(&json!("fare_desk")));
    assert_eq!(delegation.get("status"), Some(&json!("ok")));
    let child = delegation.get("session_id").unwrap();
    let parent = delegation.get("parent_session_id").unwrap();
    assert_ne!(child, parent);
    let answers = of("condukt.agent.stop");
    let (fare_desk, assistant): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|event| event.get("session_id") == Some(child));
    assert_eq!((fare_desk.len(), assistant.len()), (1, 7));
    assert_eq!(fare_desk[0].get("agent"), delegation.get("child_agent"));
    assert!(assistant.iter().all(|event| event.get("session_id") == Some(parent)));

    // The caller of a tool holds the key, and no handler sees it.
    assert_eq!(of("condukt.secrets.resolve").len(), 1);
    assert_eq!(of("condukt.secrets.access").len(), 12);
    assert!(!serde_json::to_string(&events).unwrap().contains("larkwing\""));
}
