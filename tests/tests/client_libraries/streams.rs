//! Streams of real clients, read from a real server.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::chat::{
    ChatCompletionRequestUserMessage, ChatCompletionResponseStream, ChatCompletionStreamOptions,
    CreateChatCompletionRequest, CreateChatCompletionStreamResponse,
};
use async_stream::try_stream;
use axum::Router;
use axum::response::sse::{Event as Sse, Sse as SseResponse};
use axum::routing::post;
use futures::stream::{self, Stream, StreamExt};
use serde_json::{Value as Json, json};
use telemetry_runtime::{OwnedEvent, agent_span, testing};

/// A server that answers each request with those chunks, and then closes the connection.
async fn serve(chunks: Vec<Json>) -> String {
    let chunks = Arc::new(chunks);
    let answer = move || {
        let chunks = chunks.clone();
        let events = (0..chunks.len()).map(move |at| {
            let data = chunks[at].as_str().map_or_else(|| chunks[at].to_string(), str::to_owned);
            Ok::<_, Infallible>(Sse::default().data(data))
        });
        async move { SseResponse::new(stream::iter(events)) }
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/v1")
}

fn chunk(choices: &Json, usage: &Json) -> Json {
    json!({
        "id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
        "choices": choices, "usage": usage,
    })
}

fn answer() -> Vec<Json> {
    let delta = |delta: Json, reason: Json| json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
    vec![
        chunk(&delta(json!({"role": "assistant", "content": "Hel"}), Json::Null), &Json::Null),
        chunk(&delta(json!({"content": "lo"}), Json::Null), &Json::Null),
        chunk(&delta(json!({}), json!("stop")), &Json::Null),
        chunk(&json!([]), &json!({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7})),
        json!("[DONE]"),
    ]
}

fn reason(chunk: &CreateChatCompletionStreamResponse) -> Option<Json> {
    let reason = chunk.choices.first()?.finish_reason?;
    Some(serde_json::to_value(reason).unwrap())
}

/// The client's own stream, in the type that it has.
#[agent_span(llm_turn, model = "m", turn = 0, messages = "hi", streaming = true, stream,
        item(|chunk|
            usage = chunk.usage.as_ref(),
            finish_reason = reason(chunk),
        ))]
async fn ask(base: &str) -> Result<ChatCompletionResponseStream, OpenAIError> {
    let client = Client::with_config(OpenAIConfig::new().with_api_base(base).with_api_key("none"));
    let request = CreateChatCompletionRequest {
        model: "m".to_owned(),
        messages: vec![ChatCompletionRequestUserMessage::from("hi").into()],
        stream_options: Some(ChatCompletionStreamOptions {
            include_usage: Some(true),
            include_obfuscation: None,
        }),
        ..CreateChatCompletionRequest::default()
    };
    client.chat().create_stream(request).await
}

async fn end_of(chunks: Vec<Json>) -> (OwnedEvent, usize) {
    let base = serve(chunks).await;
    let capture = testing::capture();
    let answer = capture.follow(ask(&base)).await.unwrap();
    let items = answer.count().await;
    (capture.named("condukt.llm_turn.stop").remove(0), items)
}

#[tokio::test]
async fn async_openai_reports_usage_and_reason() {
    let (stop, items) = end_of(answer()).await;
    assert_eq!(items, 4);
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!(stop.get("finish_reason").unwrap(), "stop");
    assert_eq!(stop.get("usage").unwrap()["completion_tokens"], 2);
    assert_eq!(stop.measurements["items"], 4);
}

#[tokio::test]
async fn async_openai_cut_short_is_a_failure() {
    let (stop, _) = end_of(answer()[..2].to_vec()).await;
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error_type").unwrap(), "cut_short");
    assert_eq!(stop.get("finish_reason"), None);
}

#[tokio::test]
async fn async_openai_that_sends_nonsense_is_an_error() {
    let (stop, _) = end_of(vec![answer()[0].clone(), json!("{\"nonsense\":")]).await;
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error_type").unwrap(), "OpenAIError::JSONDeserialize");
}

/// An event source written by hand over the response of a client.
#[agent_span(llm_turn, model = "m", turn = 0, messages = "hi", streaming = true, stream,
        item(|event|
            usage = event.get("usage").filter(|usage| !usage.is_null()),
            finish_reason = event.pointer("/choices/0/finish_reason").filter(|reason| !reason.is_null()),
        ))]
async fn event_source(
    url: &str,
) -> reqwest::Result<impl Stream<Item = Result<Json, serde_json::Error>> + use<>> {
    let mut response = reqwest::Client::new().post(url).send().await?.error_for_status()?;
    Ok(try_stream! {
        let mut text = String::new();
        while let Ok(Some(bytes)) = response.chunk().await {
            text.push_str(&String::from_utf8_lossy(&bytes));
            while let Some((event, rest)) = text.split_once("\n\n") {
                let data = event.trim_start_matches("data: ").to_owned();
                text = rest.to_owned();
                if data != "[DONE]" {
                    yield serde_json::from_str(&data)?;
                }
            }
        }
    })
}

#[tokio::test]
async fn an_event_source_reports_usage_and_reason() {
    let base = serve(answer()).await;
    let capture = testing::capture();
    let events = capture.follow(event_source(&format!("{base}/chat/completions"))).await.unwrap();
    assert_eq!(events.count().await, 4);
    let stop = &capture.named("condukt.llm_turn.stop")[0];
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!(stop.get("usage").unwrap()["prompt_tokens"], 5);
    assert_eq!(stop.get("finish_reason").unwrap(), "stop");

    let refused = capture.follow(event_source(&format!("{base}/nowhere"))).await;
    assert!(refused.is_err());
    assert_eq!(capture.named("condukt.llm_turn.stop")[1].get("status").unwrap(), "error");
}
