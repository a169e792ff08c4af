//! What is exported against the conventions' own model: names, types, values, kinds, requirement levels,
//! instruments and units. `conventions/extract.py` writes that model as data.
//!
//! A difference is allowed by the list below alone, each with its reason.

use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, Value as Json, json};
use telemetry_otel::Content;
use telemetry_runtime::{AgentProcess, EventMetadata, emit, in_span};

use crate::common::{Kept, attributes_of, kept};

/// What differs, and why.
const ALLOWED: &[(&str, &str)] = &[
    ("gen_ai.usage.cost is in no registry", "no convention has a cost; Langfuse and OpenLIT read this name"),
    (
        "gen_ai.client.token.usage has gen_ai.agent.name",
        "tokens and cost by agent are what people ask for; the name has few values",
    ),
    (
        "invoke_agent lacks gen_ai.provider.name",
        "an agent that calls no model, or models of several providers, has none; later versions dropped it",
    ),
];

/// Names outside of the conventions are under these.
const OTHERS: &[&str] = &[
    // The documents' own, this crate's, and the user's.
    "condukt.",
    "legion.",
    "telemetry.",
    "shop.",
    // OpenInference's, and a cost as Logfire reads it.
    "openinference.",
    "input.",
    "output.",
    "llm.",
    "session.id",
    "user.id",
    "agent.name",
    "metadata",
    "operation.cost",
];

fn model() -> Json {
    serde_json::from_str(include_str!("../data/conventions-1.41.1.json")).unwrap()
}

#[derive(EventMetadata)]
#[span("shop.find", stop())]
struct Find<'a> {
    #[event(rename = "gen_ai.operation.name")]
    operation: &'a str,
    #[event(rename = "gen_ai.data_source.id")]
    source: &'a str,
}

/// Every documented span, ended well, in failure, in panic and cancelled, with all that it may carry.
fn everything() -> Kept {
    let kept = kept(|builder| builder.content(Content::On { max_bytes: 4096 }));
    let usage = || {
        json!({"prompt_tokens": 120, "completion_tokens": 18, "total_tokens": 138,
        "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 5}})
    };
    let call = || {
        let parameters = json!({"temperature": 0.5, "top_p": 0.9, "top_k": 40, "max_tokens": 10, "seed": 1, "n": 2,
            "stop": ["END"], "presence_penalty": 0.1, "frequency_penalty": 0.1});
        let messages = json!({"system": "Be brief.", "messages": [{"role": "user", "content": "Hello"}]});
        in_span!(llm_turn, model = "gpt-4o", turn = 0, messages, streaming = true, tool_count = 1, parameters,
            tools = json!([{"type": "function", "function": {"name": "look"}}]),
            stop(|_| assistant_message = "Hi", usage = usage(), finish_reason = "stop", response_model = "gpt-4o-2024-08-06", response_id = "r");
            || ());
        let _ = in_span!(llm_turn, model = "openai:gpt-4o", turn = 1, messages = "Hello", stop(|()|); || Err::<(), _>("rate limited"));
    };
    in_span!(operation, operation = "summarise"; || {
        in_span!(agent, agent = "Clerk"; || {
            call();
            in_span!(tool_call, tool = "look", args = json!({"x": 1}), tool_call_id = "c"; || json!({"y": 2}));
            let _ = in_span!(tool_call, tool = "look", args = json!({}); || Err::<(), _>("no such file"));
            let _ = std::panic::catch_unwind(|| in_span!(tool_call, tool = "look", args = json!({}); || -> () { panic!("boom") }));
            for (side, prompt) in [("client", 1), ("server", 2)] {
                let _ = in_span!(tool_call, tool = "look", args = json!({"x": prompt}), fields("otel.kind" = side,
                    "mcp.method.name" = "tools/call", "mcp.protocol.version" = "2025-11-25", "jsonrpc.request.id" = "7",
                    "mcp.session.id" = "s"), err(|_| error_type = "-32602"); || if prompt == 1 { Ok(()) } else { Err("no such tool") });
            }
            in_span!(subagent, role = "helper", child_agent = "Child"; || in_span!(agent, agent = "Child"; || {
                call();
            }));
            emit!(evaluation, name = "relevance", score = 1, label = "pass", explanation = "It answers.");
            in_span!(Find { operation: "retrieval", source: "shelves" }; || ());
        });
    });
    in_span!(run, structured = true; || in_span!(agent, agent = "Idle"; || ()));
    let process = AgentProcess::start("Legionary", || Ok::<_, ()>(())).unwrap();
    process.context().scope(|| {
        in_span!(agent_message, message = "How warm?", stop(|_| iterations = 1, result = "cold"); || {
            in_span!(iteration, iteration = 0, stop(|_| action = "return"); || {
                in_span!(llm_request, model = "anthropic:claude-sonnet-4", message_count = 1,
                    stop(|_| usage = usage(), finish_reason = "end_turn", object = json!({"a": 1})); || ());
                let _ = in_span!(sandbox_eval, code = "1"; || Ok::<_, std::io::Error>(1));
            });
        });
    });
    kept
}

/// Whether a value is of a type of the registry.
fn is_of(value: &Json, kind: &str) -> bool {
    match kind {
        "int" => value.is_i64() || value.is_u64(),
        "double" => value.is_number(),
        "boolean" => value.is_boolean(),
        "string[]" => value.as_array().is_some_and(|items| items.iter().all(Json::is_string)),
        // Texts; and structured values, which are JSON texts on spans.
        _ => value.is_string(),
    }
}

fn check_attribute(model: &Json, name: &str, value: &Json, findings: &mut Vec<String>) {
    let Some(known) = model["attributes"].get(name) else {
        if !OTHERS.iter().any(|other| name.starts_with(other)) {
            findings.push(format!("{name} is in no registry"));
        }
        return;
    };
    let kind = known["type"].as_str().unwrap();
    if !is_of(value, kind) {
        findings.push(format!("{name} is {value}, not of type {kind}"));
    }
    // Values of one's own are allowed for what the registry leaves open; operations have none of ours.
    if name == "gen_ai.operation.name" && !known["values"].as_array().unwrap().contains(value) {
        findings.push(format!("{value} is no operation"));
    }
}

fn check_span(model: &Json, span: &SpanData, findings: &mut Vec<String>) {
    let attributes = attributes_of(span);
    for (name, value) in &attributes {
        check_attribute(model, name, value, findings);
    }
    let Some(operation) = attributes.get("gen_ai.operation.name").and_then(Json::as_str) else { return };
    // A tool that is called by MCP is of MCP's spans.
    let method = attributes.get("mcp.method.name").and_then(Json::as_str);
    let id = match operation {
        _ if method.is_some() => format!("mcp.{:?}", span.span_kind).to_lowercase(),
        "chat" => "gen_ai.inference.client".to_owned(),
        "embeddings" | "retrieval" => format!("gen_ai.{operation}.client"),
        other => format!("gen_ai.{other}.internal"),
    };
    let prescribed = &model["spans"][&id];
    let kind = prescribed["kind"].as_str().unwrap_or_else(|| panic!("no span {id}"));
    if !format!("{:?}", span.span_kind).eq_ignore_ascii_case(kind) {
        findings.push(format!("{operation} is {:?}, not {kind}", span.span_kind));
    }
    for (name, level) in prescribed["attributes"].as_object().unwrap() {
        if level == "required" && !attributes.contains_key(name) {
            findings.push(format!("{operation} lacks {name}"));
        }
    }
    let target = ["gen_ai.request.model", "gen_ai.tool.name", "gen_ai.agent.name", "gen_ai.workflow.name"];
    let named = target
        .iter()
        .filter_map(|key| attributes.get(*key)?.as_str())
        .any(|target| *span.name == format!("{} {target}", method.unwrap_or(operation)));
    if !named && !span.name.starts_with("shop.") {
        findings.push(format!("{} is no name of {operation}", span.name));
    }
}

fn check_metric(model: &Json, name: &str, metric: &Json, findings: &mut Vec<String>) {
    if !name.starts_with("gen_ai.") && !name.starts_with("mcp.") {
        if !OTHERS.iter().any(|other| name.starts_with(other)) {
            findings.push(format!("the metric {name} is under no prefix of ours"));
        }
        return;
    }
    let Some(known) = model["metrics"].get(name) else { return findings.push(format!("no metric {name}")) };
    for (what, ours) in [("unit", &metric["unit"]), ("instrument", &metric["kind"])] {
        if known[what] != *ours {
            findings.push(format!("{name}: {what} is {ours}"));
        }
    }
    for point in metric["points"].as_array().unwrap() {
        let attributes = point["attributes"].as_object().unwrap();
        for (key, value) in attributes {
            check_attribute(model, key, value, findings);
            if known["attributes"].get(key).is_none() {
                findings.push(format!("{name} has {key}"));
            }
        }
        for (key, level) in known["attributes"].as_object().unwrap() {
            if level == "required" && !attributes.contains_key(key) {
                findings.push(format!("{name} lacks {key}"));
            }
        }
    }
}

fn check_event(model: &Json, name: &str, attributes: &Json, findings: &mut Vec<String>) {
    let Some(known) = model["events"].get(name) else { return findings.push(format!("no event {name}")) };
    for (key, value) in attributes.as_object().unwrap() {
        check_attribute(model, key, value, findings);
    }
    for (key, level) in known["attributes"].as_object().unwrap() {
        if level == "required" && attributes.get(key).is_none() {
            findings.push(format!("{name} lacks {key}"));
        }
    }
}

/// A list of messages of the conventions' form.
fn check_messages(attributes: &Map<String, Json>, key: &str, findings: &mut Vec<String>) {
    let Some(text) = attributes.get(key).and_then(Json::as_str) else { return };
    let messages: Vec<Json> = serde_json::from_str(text).unwrap();
    for message in &messages {
        let parts = message["parts"].as_array();
        if !message["role"].is_string()
            || parts.is_none_or(|parts| parts.iter().any(|part| !part["type"].is_string()))
        {
            findings.push(format!("{key} has {message}"));
        }
        if key.contains("output") && !message["finish_reason"].is_string() {
            findings.push(format!("{key} has no finish reason: {message}"));
        }
    }
}

#[test]
fn every_span_follows_the_conventions() {
    let (model, mut findings) = (model(), Vec::new());
    let kept = everything();
    let spans = kept.spans();
    for operation in ["chat", "invoke_agent", "execute_tool", "invoke_workflow", "retrieval"] {
        let has = |span: &SpanData| {
            attributes_of(span).get("gen_ai.operation.name").is_some_and(|known| known == operation)
        };
        assert!(spans.iter().any(has), "no {operation} was tried");
    }
    for span in &spans {
        check_span(&model, span, &mut findings);
        for key in ["gen_ai.input.messages", "gen_ai.output.messages"] {
            check_messages(&attributes_of(span), key, &mut findings);
        }
    }
    let metrics = kept.metrics();
    for side in ["client", "server"] {
        assert!(metrics.contains_key(&format!("mcp.{side}.operation.duration")), "{side}");
    }
    for (name, metric) in &metrics {
        check_metric(&model, name, metric, &mut findings);
    }
    let records = kept.records();
    for event in ["gen_ai.client.operation.exception", "gen_ai.evaluation.result"] {
        assert!(records.iter().any(|record| record["event_name"] == event), "no {event} was tried");
    }
    for record in records {
        let name = record["event_name"].as_str().unwrap();
        if name.starts_with("gen_ai.") {
            check_event(&model, name, &record["attributes"], &mut findings);
        }
        assert!(record["body"].as_str().is_some_and(|body| !body.is_empty()), "{name} has no body");
    }
    findings.sort();
    findings.dedup();
    let unexpected: Vec<_> =
        findings.iter().filter(|finding| !ALLOWED.iter().any(|(allowed, _)| allowed == finding)).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    for (allowed, why) in ALLOWED {
        assert!(findings.iter().any(|finding| finding == allowed), "no longer needed: {allowed} ({why})");
    }
}

#[test]
fn only_a_failure_has_an_error_type() {
    for span in everything().spans() {
        let failed = matches!(span.status, opentelemetry::trace::Status::Error { .. });
        assert_eq!(attributes_of(&span).contains_key("error.type"), failed, "{}", span.name);
    }
}
