//! The checks, each of which notes what differs.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, Value as Json, json};

use crate::common::attributes_of;

/// Names outside of the conventions are under these.
pub(crate) const OTHERS: &[&str] = &[
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

/// Attributes whose form is prescribed by a JSON schema.
pub(crate) const LISTS: &[&str] = &[
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
];

pub(crate) fn model() -> Json {
    serde_json::from_str(include_str!("../../data/conventions-1.41.1.json")).unwrap()
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

pub(crate) fn check_attribute(model: &Json, name: &str, value: &Json, findings: &mut Vec<String>) {
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
    // The type of an error may be any word; of all else that has a list of values, ours are on it.
    let values = known["values"].as_array().filter(|_| name != "error.type");
    if values.is_some_and(|values| !values.contains(value)) {
        findings.push(format!("{value} is no value of {name}"));
    }
}

/// Whether an attribute that depends on something must be there, as far as a span shows.
fn is_due(name: &str, attributes: &Map<String, Json>, failed: bool) -> bool {
    match name {
        "error.type" => failed,
        "server.port" => attributes.contains_key("server.address"),
        // A JSON-RPC code, where the other side returned one.
        "rpc.response.status_code" => {
            attributes.get("error.type").is_some_and(|code| code.as_str().unwrap().parse::<i32>().is_ok())
        }
        _ => false,
    }
}

/// The span of the conventions that one of ours is.
fn convention_of(span: &SpanData) -> Option<String> {
    let attributes = attributes_of(span);
    let operation = attributes.get("gen_ai.operation.name")?.as_str()?;
    Some(match operation {
        // A tool that is called by MCP is of MCP's spans.
        _ if attributes.contains_key("mcp.method.name") => format!("mcp.{:?}", span.span_kind).to_lowercase(),
        "chat" => "gen_ai.inference.client".to_owned(),
        "embeddings" | "retrieval" => format!("gen_ai.{operation}.client"),
        other => format!("gen_ai.{other}.internal"),
    })
}

pub(crate) fn check_span(model: &Json, span: &SpanData, findings: &mut Vec<String>) {
    let attributes = attributes_of(span);
    for (name, value) in &attributes {
        check_attribute(model, name, value, findings);
    }
    let Some(id) = convention_of(span) else { return };
    let method = attributes.get("mcp.method.name").and_then(Json::as_str);
    let operation = attributes["gen_ai.operation.name"].as_str().unwrap();
    let prescribed = &model["spans"][&id];
    let kind = prescribed["kind"].as_str().unwrap_or_else(|| panic!("no span {id}"));
    if !format!("{:?}", span.span_kind).eq_ignore_ascii_case(kind) {
        findings.push(format!("{operation} is {:?}, not {kind}", span.span_kind));
    }
    let prescribed = prescribed["attributes"].as_object().unwrap();
    let failed = matches!(span.status, Status::Error { .. });
    for (name, level) in prescribed {
        let due =
            level == "required" || (level == "conditionally_required" && is_due(name, &attributes, failed));
        if due && !attributes.contains_key(name) {
            findings.push(format!("{id} lacks {name}"));
        }
    }
    for name in attributes.keys() {
        if model["attributes"].get(name).is_some() && !prescribed.contains_key(name) {
            findings.push(format!("{id} has {name}"));
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

pub(crate) fn check_metric(model: &Json, name: &str, metric: &Json, findings: &mut Vec<String>) {
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
    let points = metric["points"].as_array().unwrap();
    for key in known["attributes"].as_object().unwrap().keys() {
        if points.iter().all(|point| point["attributes"].get(key).is_none()) {
            findings.push(format!("{name} is without {key}"));
        }
    }
    for point in points {
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

pub(crate) fn check_event(model: &Json, name: &str, attributes: &Json, findings: &mut Vec<String>) {
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

/// What no span of a kind has, though the conventions recommend it and all that can be given was.
pub(crate) fn check_completeness(model: &Json, spans: &[SpanData], findings: &mut Vec<String>) {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    for span in spans {
        if let Some(id) = convention_of(span) {
            found.entry(id).or_default().extend(attributes_of(span).into_iter().map(|(name, _)| name));
        }
    }
    // Those that have annotations; what a span of one's own has is the user's.
    for (id, names) in found.iter().filter(|(id, _)| *id != "gen_ai.retrieval.client") {
        for name in model["spans"][id]["attributes"].as_object().unwrap().keys() {
            if !names.contains(name) {
                findings.push(format!("{id} is without {name}"));
            }
        }
    }
}

/// A list of messages, of parts or of tools, of the form that the conventions' JSON schemas prescribe.
pub(crate) fn check_list(model: &Json, key: &str, text: &str, findings: &mut Vec<String>) {
    let known = &model["messages"];
    let mut check_part = |part: &Json| {
        let kind = part["type"].as_str().unwrap_or_default();
        let lacking = |needed: &[Json]| needed.iter().any(|name| part.get(name.as_str().unwrap()).is_none());
        let is_word = |of: &str, word: &Json| known[of].as_array().unwrap().contains(word);
        match known["parts"][kind].as_array() {
            None => findings.push(format!("{key} has a part of the type {kind:?}")),
            Some(needed) if lacking(needed) => findings.push(format!("{key} has {part}")),
            Some(needed)
                if needed.contains(&json!("modality")) && !is_word("Modality", &part["modality"]) =>
            {
                findings.push(format!("{key} has {part}"));
            }
            Some(_) => {}
        }
    };
    let list: Vec<Json> = serde_json::from_str(text).unwrap();
    for item in &list {
        match item["parts"].as_array() {
            Some(parts) => parts.iter().for_each(&mut check_part),
            None => check_part(item),
        }
    }
    if !key.ends_with("put.messages") {
        return;
    }
    for message in &list {
        let is_word = |of: &str, word: &Json| known[of].as_array().unwrap().contains(word);
        if !is_word("Role", &message["role"]) || !message["parts"].is_array() {
            findings.push(format!("{key} has {message}"));
        }
        if key.contains("output") && !is_word("FinishReason", &message["finish_reason"]) {
            findings.push(format!("{key} has {message}"));
        }
    }
}
