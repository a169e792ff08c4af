//! Spans and keys of the user's own keep their names and their kinds.

use opentelemetry::trace::SpanKind;
use serde_json::{Value as Json, json};
use telemetry_otel::Content;
use telemetry_runtime::{Context, EventMetadata, in_span};

use crate::common::{attributes_of, kept};

#[derive(EventMetadata)]
#[span("shop.embed", stop(vectors))]
struct Embed<'a> {
    #[event(rename = "gen_ai.operation.name")]
    operation: &'a str,
    #[event(rename = "gen_ai.request.model")]
    model: &'a str,
    input: &'a str,
}

#[derive(EventMetadata)]
#[span("shop.rerank", stop(output, reason, kind))]
struct Rerank<'a> {
    #[event(rename = "openinference.span.kind")]
    span_kind: &'a str,
    #[event(rename = "otel.name")]
    name: &'a str,
    metadata: Json,
}

#[test]
fn a_span_of_ones_own_is_an_operation_of_the_conventions() {
    let kept = kept(|builder| builder.content(Content::On { max_bytes: 1000 }));
    in_span!(Embed { operation: "embeddings", model: "text-embedding-3-small", input: "umbrellas" }, stop(|_| vectors = 1); || ());
    let span = kept.span("shop.embed");
    let attributes = attributes_of(&span);
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(attributes["openinference.span.kind"], "EMBEDDING");
    assert_eq!(attributes["gen_ai.operation.name"], "embeddings");
    assert_eq!(attributes["input.value"], "umbrellas");
    let metrics = kept.metrics();
    assert_eq!(
        metrics["gen_ai.client.operation.duration"]["points"][0]["attributes"]["gen_ai.operation.name"],
        "embeddings"
    );
}

#[test]
fn its_kind_its_name_and_its_metadata_are_the_users() {
    let kept = kept(|builder| builder.content(Content::On { max_bytes: 1000 }));
    in_span!(Rerank { span_kind: "RERANKER", name: "rerank shelves", metadata: json!({"tier": "gold"}) }, stop(|best| output = best, reason = "closest", kind = "cosine"); || "shelf 3");
    let attributes = attributes_of(&kept.span("rerank shelves"));
    assert_eq!(attributes["openinference.span.kind"], "RERANKER");
    assert_eq!(attributes["output.value"], "shelf 3");
    assert_eq!((&attributes["reason"], &attributes["kind"]), (&json!("closest"), &json!("cosine")));
    let metadata: Json = serde_json::from_str(attributes["metadata"].as_str().unwrap()).unwrap();
    assert_eq!(metadata["tier"], "gold");
}

#[test]
fn keys_that_are_spelled_like_an_endings_stay() {
    let kept = kept(|builder| builder);
    Context::current().with("reason", "cron").scope(|| {
        in_span!(tool_call, tool = "t", args = (), fields(kind = "mcp", error = "none so far"); || ());
    });
    let _ = in_span!(tool_call, tool = "u", args = (), fields(reason = "asked"); || Err::<(), _>("busy"));
    let attributes = attributes_of(&kept.span("execute_tool t"));
    assert_eq!((&attributes["reason"], &attributes["kind"]), (&json!("cron"), &json!("mcp")));
    assert_eq!(attributes["error"], "none so far");
    assert!(!attributes.contains_key("error.type"));
    assert_eq!(attributes_of(&kept.span("execute_tool u"))["reason"], "asked");
}

#[test]
fn a_documented_span_may_be_of_another_kind() {
    let kept = kept(|builder| builder.content(Content::On { max_bytes: 1000 }));
    let messages = json!([{"role": "user", "content": "harmful?"}]);
    in_span!(llm_turn, model = "m", turn = 0, messages, fields("openinference.span.kind" = "GUARDRAIL"),
        stop(|_| assistant_message = "no"); || ());
    let attributes = attributes_of(&kept.span("chat m"));
    assert_eq!(attributes["openinference.span.kind"], "GUARDRAIL");
    // What it shows is a question and an answer, not a conversation.
    assert_eq!((&attributes["input.value"], &attributes["output.value"]), (&json!("harmful?"), &json!("no")));
}
