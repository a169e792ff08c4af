//! What is exported against the conventions' own model: names, types, values, kinds, requirement levels,
//! instruments and units. `conventions/extract.py` writes that model as data.
//!
//! A difference is allowed by the list below alone, each with its reason.

mod check;

use check::{LISTS, check_completeness, check_event, check_list, check_metric, check_span, model};
use futures::{FutureExt as _, StreamExt as _};
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value as Json, json};
use telemetry_otel::Content;
use telemetry_runtime::{AgentProcess, EventMetadata, agent_span, emit, in_span, tool_call};

use crate::common::{Kept, attributes_of, kept};

/// What differs, and why; a star is any text.
const ALLOWED: &[(&str, &str)] = &[
    (
        "* has gen_ai.conversation.id",
        "who looks at one span finds its conversation, though the conventions ask for it on few",
    ),
    ("*internal has gen_ai.agent.*", "the same with the agent"),
    ("*client has gen_ai.agent.*", "the same with the agent"),
    ("mcp.* has gen_ai.agent.name", "the same with the agent"),
    ("mcp.* has gen_ai.tool.type", "a tool that is called by MCP is an `execute_tool` too"),
    ("mcp.server has gen_ai.tool.call.*", "the same"),
    ("* has gen_ai.usage.reasoning.output_tokens", "an agent's sum has all that its model calls have"),
    ("gen_ai.invoke_agent.internal is without gen_ai.request.*", "parameters are those of each model call"),
    ("gen_ai.invoke_agent.internal is without gen_ai.output.type", "the same"),
    ("gen_ai.invoke_agent.internal is without gen_ai.system_instructions", "the same"),
    ("gen_ai.invoke_agent.internal is without gen_ai.tool.definitions", "the same"),
    ("gen_ai.invoke_agent.internal is without gen_ai.agent.*", "an annotation knows the name alone"),
    ("gen_ai.invoke_agent.internal is without gen_ai.data_source.id", "a retrieval is a span of its own"),
    (
        "gen_ai.invoke_workflow.internal is without gen_ai.*.messages",
        "what an operation was asked and answered are values, which OpenInference's names show",
    ),
    ("mcp.* is without network.*", "`rmcp` hides the transport"),
    ("mcp.* is without jsonrpc.protocol.version", "it is always 2.0, which need not be said"),
    ("mcp.* is without mcp.resource.uri", "no resources are read"),
    ("mcp.* is without gen_ai.prompt.name", "no prompts are read"),
    ("mcp.client* is without server.*", "`rmcp` hides the address"),
    ("mcp.server is without client.*", "`rmcp` hides the address"),
    ("gen_ai.usage.cost is in no registry", "no convention has a cost; Langfuse and OpenLIT read this name"),
    (
        "gen_ai.client.token.usage has gen_ai.agent.name",
        "tokens and cost by agent are what people ask for; the name has few values",
    ),
    (
        "gen_ai.invoke_agent.internal lacks gen_ai.provider.name",
        "an agent that calls no model, or models of several providers, has none; later versions dropped it",
    ),
];

#[derive(EventMetadata)]
#[span("shop.find", stop())]
struct Find<'a> {
    #[event(rename = "gen_ai.operation.name")]
    operation: &'a str,
    #[event(rename = "gen_ai.data_source.id")]
    source: &'a str,
}

/// Looks something up.
#[tool_call]
fn described() -> Result<u8, &'static str> {
    Err("no such file")
}

#[agent_span(llm_turn, model = "openai:gpt-4o", turn = 2, messages = "Hello", streaming = true, stream,
    fields("server.address" = "api.openai.com", "server.port" = 443),
    item(|chunk| usage = chunk.as_ref(), response_model = "gpt-4o-2024-08-06"))]
fn chunks() -> impl futures::Stream<Item = Option<Json>> {
    futures::stream::iter([None, Some(json!({"input_tokens": 3, "output_tokens": 2})), None])
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
        let picture = "data:image/png;base64,iVBORw0KGgo=";
        let messages = json!({"system": "Be brief.", "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hello"}, {"type": "image_url", "image_url": {"url": picture}},
                {"type": "image_url", "image_url": {"url": "https://shop.test/a.png"}}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "Look it up."}, {"type": "tool_use", "id": "c", "name": "look", "input": {"x": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "nothing"}]},
        ]});
        in_span!(llm_turn, model = "gpt-4o", turn = 0, messages, streaming = true, tool_count = 1, parameters,
            tools = json!([{"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}}]),
            fields("server.address" = "api.openai.com", "server.port" = 443),
            stop(|_| assistant_message = "Hi", usage = usage(), finish_reason = "stop", response_model = "gpt-4o-2024-08-06", response_id = "r");
            || ());
        let _ = in_span!(llm_turn, model = "openai:gpt-4o", turn = 1, messages = "Hello", stop(|()|); || Err::<(), _>("rate limited"));
    };
    in_span!(operation, operation = "summarise"; || {
        in_span!(agent, agent = "Clerk"; || {
            call();
            in_span!(tool_call, tool = "look", args = json!({"x": 1}), tool_call_id = "c"; || json!({"y": 2}));
            let _ = in_span!(tool_call, tool = "look", args = json!({}); || Err::<(), _>("no such file"));
            let _ = described();
            chunks().count().now_or_never();
            let _ = std::panic::catch_unwind(|| in_span!(tool_call, tool = "look", args = json!({}); || -> () { panic!("boom") }));
            for (side, works) in [("client", true), ("client", false), ("server", true), ("server", false)] {
                let _ = in_span!(tool_call, tool = "look", args = json!({"x": works}), fields("otel.kind" = side,
                    "mcp.method.name" = "tools/call", "mcp.protocol.version" = "2025-11-25", "jsonrpc.request.id" = "7",
                    "mcp.session.id" = "s"), err(|_| error_type = "-32602"); || if works { Ok(1) } else { Err("no such tool") });
            }
            in_span!(subagent, role = "helper", child_agent = "Child"; || in_span!(agent, agent = "Child"; || {
                call();
            }));
            emit!(evaluation, name = "relevance", score = 1, label = "pass", explanation = "It answers.");
            in_span!(Find { operation: "retrieval", source: "shelves" }; || ());
        });
    });
    let _ = in_span!(operation, operation = "fail"; || in_span!(agent, agent = "Clerk"; || Err::<(), _>("out of order")));
    in_span!(run, structured = true; || in_span!(agent, agent = "Idle"; || ()));
    let process = AgentProcess::start("Legionary", || Ok::<_, ()>(())).unwrap();
    process.context().with("agent_id", "legionary-1").scope(|| {
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

/// Whether a finding is one that is allowed.
fn fits(allowed: &str, finding: &str) -> bool {
    let mut parts = allowed.split('*');
    let Some(rest) = finding.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let rest =
        parts.try_fold((rest, false), |(rest, _), part| Some((rest.split_once(part)?.1, part.is_empty())));
    rest.is_some_and(|(rest, open)| open || rest.is_empty())
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
    check_completeness(&model, &spans, &mut findings);
    for span in &spans {
        check_span(&model, span, &mut findings);
        for key in LISTS {
            if let Some(text) = attributes_of(span).get(*key) {
                check_list(&model, key, text.as_str().unwrap(), &mut findings);
            }
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
    let unexpected: Vec<_> = findings
        .iter()
        .filter(|finding| !ALLOWED.iter().any(|(allowed, _)| fits(allowed, finding)))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    for (allowed, why) in ALLOWED {
        assert!(findings.iter().any(|finding| fits(allowed, finding)), "no longer needed: {allowed} ({why})");
    }
}

#[test]
fn only_a_failure_has_an_error_type() {
    for span in everything().spans() {
        let failed = matches!(span.status, Status::Error { .. });
        assert_eq!(attributes_of(&span).contains_key("error.type"), failed, "{}", span.name);
    }
}
