//! Events as lines, and spans out of a model.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::collections::HashMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value as Json, json};
use telemetry_view::{Kind, Line, Model, Span};

/// A model without a limit worth speaking of, of these lines.
pub fn model(lines: &[Json]) -> Model {
    let mut model = Model::new(1 << 30);
    feed(&mut model, lines);
    model
}

pub fn feed(model: &mut Model, lines: &[Json]) {
    for line in lines {
        model.line(Line::parse(line.to_string().as_bytes()).expect("a line"));
    }
}

fn span(id: u64, parent: Option<u64>) -> Json {
    let parent = parent.map(|parent| format!("{parent:016x}"));
    json!({"id": format!("{id:016x}"), "parent_id": parent, "trace_id": format!("{:032x}", 1)})
}

/// The start of a span, at so many milliseconds.
pub fn start(prefix: &str, id: u64, parent: Option<u64>, at: u64, metadata: Json) -> Json {
    let time = 1_700_000_000_000_000_000 + at * 1_000_000;
    json!({"event": format!("{prefix}.start"), "measurements": {"system_time": time, "monotonic_time": at * 1_000_000},
        "metadata": metadata, "span": span(id, parent)})
}

/// Its stop, after so many milliseconds.
pub fn stop(prefix: &str, id: u64, parent: Option<u64>, at: u64, took: u64, metadata: Json) -> Json {
    json!({"event": format!("{prefix}.stop"), "measurements": {"duration": took * 1_000_000, "monotonic_time": (at + took) * 1_000_000},
        "metadata": metadata, "span": span(id, parent)})
}

/// Its exception.
pub fn exception(prefix: &str, id: u64, parent: Option<u64>, took: u64, metadata: Json) -> Json {
    json!({"event": format!("{prefix}.exception"), "measurements": {"duration": took * 1_000_000},
        "metadata": metadata, "span": span(id, parent)})
}

/// An event that stands alone, in a span.
pub fn single(name: &str, id: u64, metadata: Json) -> Json {
    json!({"event": name, "measurements": {"count": 1}, "metadata": metadata, "span": span(id, None)})
}

/// A small run: an agent, two turns, a tool that fails.
pub fn small_run() -> Vec<Json> {
    let system = json!({"role": "system", "content": "be brief ".repeat(40)});
    let user = json!({"role": "user", "content": "How warm is it in Zürich?"});
    let call = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "call-1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Zürich\"}"}}]});
    let result = json!({"role": "tool", "tool_call_id": "call-1", "content": "no station"});
    let answer = json!({"role": "assistant", "content": "I do not know."});
    let first = json!({"agent": "app::Assistant", "session_id": "s-1", "model": "gpt-4o", "turn": 0, "messages": [system, user]});
    let second = json!({"agent": "app::Assistant", "session_id": "s-1", "model": "gpt-4o", "turn": 1, "messages": [system, user, call, result]});
    let with = |start: &Json, more: Json| {
        let mut all = start.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let agent = json!({"agent": "app::Assistant", "session_id": "s-1"});
    let tool = json!({"agent": "app::Assistant", "session_id": "s-1", "tool": "get_weather", "tool_call_id": "call-1", "args": {"city": "Zürich"}});
    vec![
        start("condukt.agent", 1, None, 0, agent.clone()),
        start("condukt.llm_turn", 2, Some(1), 1, first.clone()),
        stop(
            "condukt.llm_turn",
            2,
            Some(1),
            1,
            10,
            with(
                &first,
                json!({"status": "ok", "assistant_message": call,
            "usage": {"prompt_tokens": 100, "completion_tokens": 10}, "finish_reason": "tool_calls"}),
            ),
        ),
        start("condukt.tool_call", 3, Some(1), 12, tool.clone()),
        single("condukt.secrets.access", 3, json!({"tool": "get_weather", "names": ["KEY"]})),
        stop(
            "condukt.tool_call",
            3,
            Some(1),
            12,
            5,
            with(&tool, json!({"status": "error", "error": "no station", "error_type": "NotFound"})),
        ),
        start("condukt.llm_turn", 4, Some(1), 20, second.clone()),
        stop(
            "condukt.llm_turn",
            4,
            Some(1),
            20,
            10,
            with(
                &second,
                json!({"status": "ok", "assistant_message": answer,
            "usage": {"prompt_tokens": 150, "completion_tokens": 20}, "finish_reason": "stop"}),
            ),
        ),
        stop("condukt.agent", 1, None, 0, 31, with(&agent, json!({"status": "ok"}))),
    ]
}

/// The spans of a kind, in the order in which they came.
pub fn of_kind(model: &Model, kind: Kind) -> Vec<&Span> {
    let mut spans: Vec<&Span> = model.spans().filter(|span| span.kind == kind).collect();
    spans.sort_by_key(|span| span.number);
    spans
}

/// The only one of a kind.
pub fn only(model: &Model, kind: Kind) -> &Span {
    let spans = of_kind(model, kind);
    assert_eq!(spans.len(), 1, "spans of kind {kind:?}");
    spans[0]
}

/// A saved page without its pieces, and what the pieces hold, put together by their kind.
pub fn apart(page: &str) -> (String, HashMap<String, String>) {
    let mut held: HashMap<String, String> = HashMap::new();
    let mut parts = page.split("<script type=\"application/gzip\" class=\"");
    let mut markup = parts.next().unwrap().to_owned();
    for part in parts {
        let (kind, rest) = part.split_once("\">").unwrap();
        let (packed, after) = rest.split_once("</script>\n").unwrap();
        let packed = BASE64_STANDARD.decode(packed).unwrap();
        GzDecoder::new(&*packed).read_to_string(held.entry(kind.to_owned()).or_default()).unwrap();
        markup.push_str(after);
    }
    (markup, held)
}
