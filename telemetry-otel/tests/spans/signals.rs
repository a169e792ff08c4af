//! What stands on spans, in metrics and in log records, beyond the golden files.

use std::time::Duration;

use futures::StreamExt as _;
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::Sampler;
use serde_json::{Value as Json, json};
use telemetry_otel::Content;
use telemetry_runtime::{
    Context, EventMetadata, EventName, Secrets, agent_span, emit, execute, in_span, record,
};

use crate::common::{attributes_of, kept, sampled};

const ON: Content = Content::On { max_bytes: 2000 };

/// A model call that answers so.
fn turn(model: &str, messages: Json, answer: Json, usage: Json) {
    in_span!(llm_turn, model, turn = 0, messages, stop(|said| assistant_message = said.0, usage = said.1);
        || (answer, usage));
}

#[test]
fn an_agent_shows_what_its_models_were_asked_and_answered() {
    let kept = kept(|builder| builder.content(ON));
    in_span!(operation, operation = "o"; || in_span!(agent, agent = "a"; || {
        let calls = json!({"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]});
        turn("m", json!([{"role": "user", "content": "How warm is it?"}]), calls, json!({}));
        in_span!(tool_call, tool = "f", args = json!({}), stop(|r| result = r); || "cold");
        turn("m", json!([{"role": "user", "content": "How warm is it?"}]), json!("It is cold."), json!({}));
    }));
    for name in ["invoke_agent a", "invoke_workflow o"] {
        let attributes = attributes_of(&kept.span(name));
        assert_eq!(attributes["input.value"], "How warm is it?");
        assert_eq!(attributes["output.value"], "It is cold.");
        assert_eq!(attributes["output.mime_type"], "text/plain");
    }
}

#[test]
fn content_is_off_unless_asked_for() {
    let kept = kept(|builder| builder);
    in_span!(agent, agent = "a"; || {
        turn("m", json!("a prompt"), json!("an answer"), json!({"input_tokens": 1, "output_tokens": 2}));
        in_span!(tool_call, tool = "t", args = json!({"key": "an argument"}), stop(|r| result = r); || "a result");
        in_span!(agent_message, message = "a message", stop(|r| result = r, bindings = json!({"x": "a binding"}));
            || "a value");
        in_span!(sandbox_eval, code = "some code", stop(|r| result = r); || "evaluated");
    });
    let all = format!("{:?}", kept.spans());
    for content in [
        "a prompt",
        "an answer",
        "an argument",
        "a result",
        "a message",
        "a value",
        "a binding",
        "some code",
        "evaluated",
    ] {
        assert!(!all.contains(content), "{content}");
    }
    assert!(all.contains("gen_ai.usage.input_tokens"));
}

#[test]
fn large_content_is_cut_and_stays_json() {
    let kept = kept(|builder| builder.content(ON));
    let messages: Json = (0..400)
        .map(|n| json!({"role": "user", "content": format!("{n} \"quoted\" ünïcödé {}", "\\ ".repeat(n))}))
        .collect();
    turn("m", messages, json!("é".repeat(5000)), json!({}));
    let attributes = attributes_of(&kept.span("chat m"));
    for name in ["gen_ai.input.messages", "gen_ai.output.messages"] {
        let text = attributes[name].as_str().unwrap();
        assert!(text.len() <= 2000 && text.len() > 1000, "{name}: {}", text.len());
        let messages: Vec<Json> = serde_json::from_str(text).unwrap();
        assert!(messages.iter().all(|message| message["parts"][0]["content"].is_string()), "{name}");
    }
    // A text beside the messages would be shown in their place.
    assert!(!attributes.contains_key("output.value"));
    in_span!(tool_call, tool = "t", args = json!({}); || "é".repeat(5000));
    let shown = attributes_of(&kept.span("execute_tool t"));
    let shown = shown["output.value"].as_str().unwrap();
    assert!(shown.len() <= 2000 && shown.ends_with('…'));
}

#[test]
fn metrics_do_not_depend_on_sampling_and_unknown_tokens_are_absent() {
    let kept = sampled(Sampler::AlwaysOff, |builder| builder);
    turn("openai:gpt-4o", json!("p"), json!("a"), json!({"prompt_tokens": 10, "completion_tokens": 4}));
    turn("openai:gpt-4o", json!("p"), json!("a"), json!({"input_tokens": 0, "output_tokens": 0}));
    turn("openai:gpt-4o", json!("p"), json!("a"), Json::Null);
    let _ = in_span!(tool_call, tool = "t", args = json!({"id": "call-specific"}); || Err::<(), _>("no"));
    assert!(kept.spans().is_empty());
    let metrics = kept.metrics();
    let model = json!({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
    });
    let calls = &metrics["gen_ai.client.operation.duration"]["points"];
    assert_eq!(calls.as_array().unwrap().len(), 1);
    assert_eq!((&calls[0]["attributes"], &calls[0]["count"]), (&model, &json!(3)));
    let tokens = metrics["gen_ai.client.token.usage"]["points"].as_array().unwrap();
    let counted: Vec<_> = tokens.iter().map(|point| (point["count"].clone(), point["sum"].clone())).collect();
    assert_eq!(counted, [(json!(1), json!(10)), (json!(1), json!(4))]);
    let failures = &metrics["condukt.tool_call.failures"]["points"][0];
    assert_eq!(failures["attributes"], json!({"error.type": "error", "gen_ai.tool.name": "t"}));
}

#[tokio::test]
async fn a_streams_first_chunk_is_timed() {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream,
        item(|chunk| usage = chunk.as_ref()))]
    fn chunks() -> impl futures::Stream<Item = Option<Json>> {
        futures::stream::iter([None, Some(json!({"input_tokens": 3, "output_tokens": 2}))])
    }
    let kept = kept(|builder| builder);
    assert_eq!(chunks().count().await, 2);
    let attributes = attributes_of(&kept.span("chat m"));
    assert!(attributes["gen_ai.response.time_to_first_chunk"].as_f64().unwrap() < 1.0);
    assert_eq!(attributes["gen_ai.request.stream"], true);
    assert_eq!(attributes["condukt.llm_turn.items"], 2);
    assert_eq!(attributes["gen_ai.usage.input_tokens"], 3);
    assert!(kept.metrics().contains_key("gen_ai.client.operation.time_to_first_chunk"));
}

#[test]
fn late_records_stand_on_the_span() {
    let kept = kept(|builder| builder);
    in_span!(llm_turn, model = "m", turn = 0, messages = (), provider = "mistral", stop(|said| assistant_message = said);
        || record!(llm_turn, usage = json!({"input_tokens": 5, "output_tokens": 1})));
    let attributes = attributes_of(&kept.span("chat m"));
    assert_eq!(attributes["gen_ai.usage.input_tokens"], 5);
    assert_eq!(attributes["gen_ai.provider.name"], "mistral_ai");
    assert!(!attributes.contains_key("provider"));
}

#[derive(EventMetadata)]
#[span("shop.import", stop())]
struct Import {}

#[test]
fn too_many_attributes_are_never_left_out_in_silence() {
    let kept = kept(|builder| builder.attribute_limit(128));
    let context = (0..300).fold(Context::new(), |context, n| context.with(format!("key{n}"), n));
    context.with_session_id("s-1").scope(|| in_span!(Import {}; || ()));
    let span = kept.span("shop.import");
    assert_eq!((span.attributes.len(), span.dropped_attributes_count), (128, 0));
    let attributes = attributes_of(&span);
    let own = attributes.keys().filter(|key| key.starts_with("key")).count();
    assert_eq!(attributes["telemetry.attributes.dropped"], 300 - own);
    assert_eq!(attributes["session.id"], "s-1", "what is ours stays");
}

#[test]
fn a_key_of_ones_own_never_stands_there_twice() {
    let kept = kept(|builder| builder.content_keys(["note"]));
    let context = Context::new()
        .with("session.id", "mine")
        .with("gen_ai.operation.name", "mine")
        .with("note", "to nobody")
        .with("tier", "gold")
        .with_session_id("s-1");
    context.scope(|| in_span!(agent, agent = "a"; || ()));
    // `attributes_of` asserts that no key stands there twice.
    let attributes = attributes_of(&kept.span("invoke_agent a"));
    assert_eq!(attributes["session.id"], "s-1");
    assert_eq!(attributes["gen_ai.operation.name"], "invoke_agent");
    assert_eq!(attributes["tier"], "gold");
    assert!(!attributes.contains_key("note"));
}

#[allow(clippy::no_effect_underscore_binding, reason = "what a rule is given it need not look at")]
#[test]
fn failures_are_marked_where_they_happen_and_nowhere_else() {
    let kept = kept(|builder| builder.expected_errors(["NotFound"]));
    in_span!(agent, agent = "a"; || {
        let _ = in_span!(tool_call, tool = "t", args = json!({}), err(|_e| error_type = "429"); || Err::<(), _>("busy"));
        let _ = in_span!(tool_call, tool = "u", args = json!({}), err(|_e| error_type = "NotFound"); || Err::<(), _>("none"));
        in_span!(tool_call, tool = "mcp", args = json!({}), stop(|_r| status = "error", error = "no such file"); || ());
        in_span!(agent_message, message = "m", stop(|r| status = "cancel", result = r); || "reached_max_iterations");
    });
    let failed = kept.span("execute_tool t");
    assert_eq!(failed.status, Status::error("busy"));
    assert_eq!(attributes_of(&failed)["error.type"], "429");
    let expected = kept.span("execute_tool u");
    assert_eq!(expected.status, Status::Unset);
    assert!(!attributes_of(&expected).contains_key("error.type"));
    let mcp = kept.span("execute_tool mcp");
    assert_eq!(mcp.status, Status::error("no such file"));
    assert_eq!(attributes_of(&mcp)["error.type"], "tool_error");
    let capped =
        kept.spans().into_iter().find(|span| attributes_of(span).contains_key("legion.message.status"));
    let capped = attributes_of(&capped.unwrap());
    assert_eq!(capped["error.type"], "reached_max_iterations");
    assert_eq!(capped["legion.message.cancel_reason"], "reached_max_iterations");
    assert_eq!(kept.spans().last().unwrap().status, Status::Unset, "that of the agent around them");
}

#[test]
fn an_agents_id_is_that_of_the_conventions_and_its_parents_is_beside_it() {
    let kept = kept(|builder| builder);
    Context::new().with("agent_id", "researcher-7").with("parent_agent_id", "planner-1").scope(|| {
        in_span!(agent_message, message = "Hello", stop(|_| iterations = 1, result = ()); || {
            emit!(compact, duration = Duration::ZERO, before = 2, after = 1);
        });
    });
    let attributes = attributes_of(&kept.span("invoke_agent"));
    assert_eq!(attributes["gen_ai.agent.id"], "researcher-7");
    assert_eq!(attributes["legion.parent_agent_id"], "planner-1");
    let record = &kept.records()[0]["attributes"];
    assert_eq!(
        (&record["gen_ai.agent.id"], &record["legion.parent_agent_id"]),
        (&json!("researcher-7"), &json!("planner-1"))
    );
    for attributes in [&attributes, record.as_object().unwrap()] {
        assert!(
            !attributes.contains_key("agent_id") && !attributes.contains_key("parent_agent_id"),
            "{attributes:?}"
        );
    }
}

#[test]
fn secrets_stay_inside() {
    let kept = kept(|builder| builder.content(ON));
    let secrets = Secrets::resolve([("GH_TOKEN", "s3cr3t-value")]).unwrap();
    Context::new().with_secrets(secrets).scope(|| {
        let model = "model-s3cr3t-value";
        turn(model, json!("use s3cr3t-value"), json!("used s3cr3t-value"), json!({}));
        let _ = in_span!(tool_call, tool = "clone", args = json!({"token": "s3cr3t-value"});
            || Err::<(), _>("denied: s3cr3t-value"));
    });
    let all = format!("{:?}{:?}{:?}", kept.spans(), kept.logs(), kept.metrics());
    assert!(!all.contains("s3cr3t-value"));
    assert!(all.contains("chat model-[REDACTED:GH_TOKEN]"));
}

#[test]
fn records_carry_the_ids_of_their_span() {
    let kept = kept(|builder| builder);
    in_span!(agent, agent = "a"; || {
        emit!(compact, duration = Duration::from_millis(1), before = 4, after = 2);
        execute(&EventName::parse("shop.order.paid").unwrap(), &json!({"count": 1}), &json!({"by": "card"})).unwrap();
        let _ = in_span!(llm_request, model = "m", message_count = 1; || Err::<(), _>("timeout"));
        let _ = std::panic::catch_unwind(|| in_span!(tool_call, tool = "t", args = json!({}); || -> () { panic!("boom") }));
    });
    let of = |name: &str| {
        let logs = kept.logs();
        let log = logs.iter().find(|log| log.record.event_name() == Some(name));
        let context = log.unwrap_or_else(|| panic!("no {name}")).record.trace_context().unwrap().clone();
        (context.trace_id, context.span_id)
    };
    let span = |name: &str| {
        let context = kept.span(name).span_context;
        (context.trace_id(), context.span_id())
    };
    assert_eq!(of("condukt.compact.stop"), span("invoke_agent a"));
    assert_eq!(of("shop.order.paid"), span("invoke_agent a"));
    assert_eq!(of("gen_ai.client.operation.exception"), span("chat m"));
    assert_eq!(of("condukt.tool_call.exception"), span("execute_tool t"));
}

/// The evaluations among the log records, by what they judge: trace, span, attributes.
fn evaluations(kept: &crate::common::Kept) -> Vec<(opentelemetry::TraceId, opentelemetry::SpanId, Json)> {
    let logs = kept.logs();
    let found = logs
        .iter()
        .zip(kept.records())
        .filter(|(_, shown)| shown["event_name"] == "gen_ai.evaluation.result");
    found
        .map(|(log, shown)| {
            let context = log.record.trace_context().unwrap();
            (context.trace_id, context.span_id, shown["attributes"].clone())
        })
        .collect()
}

#[test]
fn an_evaluation_is_an_event_of_the_span_it_judges() {
    let kept = kept(|builder| builder.content(ON).exception_events(true));
    let judged = in_span!(agent, agent = "a"; || {
        emit!(evaluation, name = "relevance", score = 0.5, label = "fair", explanation = "Half of it.");
        Context::current()
    });
    // One that has ended, and one of another process.
    judged.scope(|| emit!(evaluation, name = "politeness", score = 1));
    let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let remote =
        Context::extract(&std::collections::HashMap::from([("traceparent".to_owned(), header.to_owned())]));
    remote.scope(|| emit!(evaluation, name = "toxicity", error_type = "timeout"));

    let span = kept.span("invoke_agent a");
    let of_span = (span.span_context.trace_id(), span.span_context.span_id());
    let found = evaluations(&kept);
    assert_eq!(found.len(), 3);
    assert_eq!((found[0].0, found[0].1), of_span);
    let mut expected = json!({
        "gen_ai.agent.name": "a",
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 0.5,
        "gen_ai.evaluation.score.label": "fair",
        "gen_ai.evaluation.explanation": "Half of it.",
    });
    expected["gen_ai.conversation.id"] = found[0].2["gen_ai.conversation.id"].clone();
    assert_eq!(found[0].2, expected);
    assert_eq!((found[1].0, found[1].1), of_span);
    assert_eq!((found[2].0.to_string() + "-" + &found[2].1.to_string()), header[3..52]);
    assert_eq!(found[2].2, json!({"gen_ai.evaluation.name": "toxicity", "error.type": "timeout"}));

    // On the span itself stands what was emitted before it ended.
    let on_span: Vec<_> = span.events.iter().map(|event| (&*event.name, event.attributes.len())).collect();
    assert_eq!(on_span, [("gen_ai.evaluation.result", expected.as_object().unwrap().len())]);
}

#[test]
fn what_no_log_record_says_is_an_event_on_the_span() {
    let alone = crate::common::alone();
    let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
    let tracers =
        opentelemetry_sdk::trace::SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let events = |with: fn(telemetry_otel::Builder) -> telemetry_otel::Builder| {
        let attached = with(telemetry_otel::builder().tracer_provider(&tracers)).attach().unwrap();
        let _ = in_span!(tool_call, tool = "t", args = (); || {
            emit!(evaluation, name = "relevance", score = 1);
            Err::<(), _>(std::io::Error::from(std::io::ErrorKind::NotFound))
        });
        drop(attached);
        let names = exporter.get_finished_spans().unwrap().pop().unwrap().events;
        names.iter().map(|event| event.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(events(|builder| builder), ["gen_ai.evaluation.result", "exception"]);
    assert_eq!(events(|builder| builder.exception_events(false)), [""; 0]);
    // What is expected is no failure to whoever looks at the span.
    assert_eq!(events(|builder| builder.expected_errors(["NotFound"])), ["gen_ai.evaluation.result"]);
    drop(alone);
    let kept = kept(|builder| builder);
    let _ = in_span!(tool_call, tool = "t", args = (); || Err::<(), _>("busy"));
    assert!(kept.span("execute_tool t").events.is_empty(), "log records say it");
}

#[test]
fn why_something_was_judged_so_is_content() {
    let judge =
        || in_span!(run; || emit!(evaluation, name = "relevance", score = 1, explanation = "says the judge"));
    {
        let kept = kept(|builder| builder.exception_events(true));
        judge();
        assert!(evaluations(&kept)[0].2.get("gen_ai.evaluation.explanation").is_none());
        assert!(!format!("{:?}", kept.spans()).contains("says the judge"));
    }
    let masked = kept(|builder| builder.content(ON).mask(|_, text| Some(text.replace("judge", "…"))));
    judge();
    assert_eq!(evaluations(&masked)[0].2["gen_ai.evaluation.explanation"], "says the …");
    drop(masked);
    let hidden = kept(|builder| builder.content(ON).hide([telemetry_otel::ContentKind::Answers]));
    judge();
    assert!(evaluations(&hidden)[0].2.get("gen_ai.evaluation.explanation").is_none());
}
