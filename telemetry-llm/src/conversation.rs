//! Whole messages, as a model is given them and as it answers.

use serde_json::{Map, Value as Json};

use crate::FinishReason;
use crate::json::{at, first, get, text, word};
use crate::media;
use crate::message::{Message, Part, Role};
use crate::part::{self, DEPTH, Kind};

/// Where a whole request has its messages, and its instructions beside them.
const MESSAGES: &[&str] = &["messages", "contents", "input", "prompt"];
const INSTRUCTIONS: &[&str] = &["system", "instructions", "system_instruction", "preamble"];

/// Where it has the messages before the newest one, and the newest one as a text.
const HISTORY: &[&str] = &["chat_history", "history"];
const NEWEST: &[&str] = &["message", "input", "prompt"];

/// A conversation, in whatever form it is given: a list of messages of any provider or library, the
/// items of the Responses API, a whole request with its instructions, the parts of one message, one
/// text.
///
/// What is of no known form is a message too: its JSON as text.
///
/// ```
/// use telemetry_llm::{Role, conversation};
/// use serde_json::json;
///
/// let messages = conversation(&json!([
///     {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How warm is it?"}]},
///     {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather", "arguments": "{}"},
///     {"type": "function_call_output", "call_id": "call_1", "output": "-3"},
/// ]));
/// let roles: Vec<_> = messages.iter().map(|message| message.role.as_str()).collect();
/// assert_eq!(roles, ["user", "assistant", "tool"]);
/// ```
pub fn conversation(value: &Json) -> Vec<Message> {
    read(value, DEPTH)
}

fn read(value: &Json, depth: u8) -> Vec<Message> {
    match value {
        Json::Null => Vec::new(),
        Json::Array(items) => list(items, depth),
        Json::Object(map) => match depth.checked_sub(1) {
            Some(depth) if is_request(value, map) => request(value, map, depth),
            _ => vec![message(value, Role::User, depth)],
        },
        other => vec![message(other, Role::User, depth)],
    }
}

/// The first of several keys that holds messages: a list of them, or one.
fn messages_at<'j>(map: &'j Map<String, Json>, keys: &[&str]) -> Option<&'j Json> {
    let holds = |held: &&Json| match held {
        Json::Array(items) => !items.first().is_some_and(Json::is_number),
        Json::Object(inner) => get(inner, "role").is_some(),
        _ => false,
    };
    keys.iter().find_map(|key| get(map, key).filter(holds))
}

/// Whether a map is a whole request. A lone text may be a field of any struct: it is a prompt if a model
/// or instructions are beside it, or nothing is.
fn is_request(value: &Json, map: &Map<String, Json>) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| get(map, key).is_some());
    if has(&["role"]) {
        return false;
    }
    let is_prompt = || map.len() == 1 || !has(&["type"]) && (has(&["model"]) || has(INSTRUCTIONS));
    messages_at(map, MESSAGES).or_else(|| messages_at(map, HISTORY)).is_some()
        || text(value, NEWEST).is_some() && is_prompt()
}

fn request(value: &Json, map: &Map<String, Json>, depth: u8) -> Vec<Message> {
    let instructions = INSTRUCTIONS.iter().find_map(|key| get(map, key));
    let system = instructions.map(|held| message(held, Role::System, depth));
    let mut all: Vec<_> = system.into_iter().filter(|message| !message.parts.is_empty()).collect();
    if let Some(held) = messages_at(map, MESSAGES) {
        all.extend(read(held, depth));
        return all;
    }
    if let Some(held) = messages_at(map, HISTORY) {
        all.extend(read(held, depth));
    }
    // Cohere's first version and agents have the newest message apart.
    if let Some(newest) = text(value, NEWEST) {
        all.push(Message::new(Role::User, vec![Part::text(newest)]));
    }
    let results = results(value);
    if !results.is_empty() {
        all.push(Message::new(Role::Tool, results));
    }
    all
}

/// Messages, items, or the parts of one message: parts that stand together are one message.
fn list(items: &[Json], depth: u8) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::with_capacity(items.len());
    let mut open = false;
    let among_messages = items.iter().any(is_message);
    for item in items {
        if item.is_null() {
            continue;
        }
        let is_part = !is_message(item) && stated_kind(item).is_some();
        if !is_part {
            messages.push(message(item, Role::User, depth));
            open = false;
            continue;
        }
        match speaker(item, among_messages) {
            Some(role) => {
                messages.push(Message::new(role, parts_of_one(item, depth)));
                open = false;
            }
            None => {
                match messages.last_mut().filter(|_| open) {
                    Some(last) => part::part(item, &mut last.parts, depth),
                    None => messages.push(Message::new(Role::User, parts_of_one(item, depth))),
                }
                open = true;
            }
        }
    }
    messages
}

fn parts_of_one(item: &Json, depth: u8) -> Vec<Part> {
    let mut parts = Vec::new();
    part::part(item, &mut parts, depth);
    parts
}

fn stated_kind(item: &Json) -> Option<&str> {
    item.get("type")?.as_str()
}

/// The role of an item whose kind alone gives it. Among messages an unknown kind is an item of the Responses
/// API, which the model or the provider made, unless it is a response to one.
fn speaker(item: &Json, among_messages: bool) -> Option<Role> {
    let kind = stated_kind(item)?;
    match Kind::of(kind) {
        Some(Kind::Call | Kind::Reasoning | Kind::Redacted | Kind::Refusal) => Some(Role::Assistant),
        Some(Kind::Result) => Some(Role::Tool),
        None if among_messages && !kind.ends_with("_response") => Some(Role::Assistant),
        _ => None,
    }
}

fn is_message(value: &Json) -> bool {
    let Json::Object(map) = value else { return false };
    if get(map, "role").is_some() || map.contains_key("lc") {
        return true;
    }
    match get(map, "type").and_then(Json::as_str) {
        Some("message") => true,
        // LangChain's, whose type is the role.
        Some(kind) => Role::known(kind).is_some() && Kind::of(kind).is_none(),
        None => ["content", "parts", "tool_calls"].iter().any(|key| get(map, key).is_some()),
    }
}

/// One message of any form.
pub(crate) fn message(value: &Json, otherwise: Role, depth: u8) -> Message {
    let Some(depth) = depth.checked_sub(1) else {
        return Message::new(otherwise, vec![Part::text(value.to_string())]);
    };
    match value {
        Json::Object(map) if is_message(value) => of_map(value, map, otherwise, depth),
        // An enum's variant, as `{"User": {..}}`.
        Json::Object(map) if map.len() == 1 => {
            let variant = map.iter().next().and_then(|(key, inner)| of_variant(key, inner, depth));
            variant.unwrap_or_else(|| of_content(value, otherwise, depth))
        }
        other => of_content(other, otherwise, depth),
    }
}

fn of_content(value: &Json, role: Role, depth: u8) -> Message {
    let mut parts = Vec::new();
    part::content(value, &mut parts, depth);
    Message::new(role, parts)
}

/// `{"User": "hello"}`, `{"Assistant": ["text", [calls]]}`, `{"ToolOutput": [call, output]}`.
fn of_variant(key: &str, inner: &Json, depth: u8) -> Option<Message> {
    if &*word(key) == "tooloutput" {
        let [call, output] = inner.as_array()?.as_slice() else { return None };
        let id = text(call, &["id", "call_id"]).map(str::to_owned);
        // The one variant of what a tool put out.
        let lone = output.as_object().filter(|map| map.len() == 1).and_then(|map| map.values().next());
        let response = lone.unwrap_or(output).clone();
        return Some(Message::new(Role::Tool, vec![Part::ToolResult { id, response }]));
    }
    if &*word(key) == "summary" {
        return inner.as_str().map(|content| Message::new(Role::System, vec![Part::text(content)]));
    }
    let role = Role::known(key)?;
    let mut made = match inner {
        Json::Object(held) if is_message(inner) => of_map(inner, held, role.clone(), depth),
        // A text and calls, either of which may be missing.
        Json::Array(fields) if fields.len() == 2 && fields[1].is_array() | fields[1].is_null() => {
            let mut made = of_content(&fields[0], role.clone(), depth);
            calls(&fields[1], &mut made.parts);
            made
        }
        inner => of_content(inner, role.clone(), depth),
    };
    made.role = role;
    Some(made)
}

/// The keys of most messages, as most providers write them.
const PLAIN: [&str; 4] = ["role", "content", "tool_calls", "tool_call_id"];

/// Whether a message has no other keys, so that nothing needs to be looked for.
fn is_plain(map: &Map<String, Json>) -> bool {
    map.len() <= PLAIN.len() && map.keys().all(|key| PLAIN.contains(&key.as_str()))
}

/// A message of those keys alone.
fn of_plain(map: &Map<String, Json>, role: Role, depth: u8) -> Message {
    let content = map.get("content").unwrap_or(&Json::Null);
    let mut parts = Vec::with_capacity(1);
    if role == Role::Tool && !holds_results(content) {
        let id =
            map.get("tool_call_id").and_then(Json::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
        parts.push(Part::ToolResult { id, response: part::plain(content) });
    } else {
        part::content(content, &mut parts, depth);
    }
    add_calls(map.get("tool_calls"), &mut parts);
    Message::new(role, parts)
}

/// Calls that stand beside the content, unless they stand in it.
fn add_calls(held: Option<&Json>, parts: &mut Vec<Part>) {
    if let Some(held) = held.filter(|held| !held.is_null())
        && !parts.iter().any(|part| matches!(part, Part::ToolCall(_)))
    {
        calls(held, parts);
    }
}

fn of_map(value: &Json, map: &Map<String, Json>, otherwise: Role, depth: u8) -> Message {
    let stated = get(map, "role").and_then(Json::as_str).filter(|role| !role.is_empty()).map(Role::from);
    if let Some(role) = stated.clone().filter(|_| is_plain(map)) {
        return of_plain(map, role, depth);
    }
    // LangChain's serialised forms.
    let held =
        first(value, &["kwargs", "data"]).filter(|held| held.is_object() && get(map, "role").is_none());
    if let Some(held) = held {
        let kind = text(value, &["type"]).filter(|kind| *kind != "constructor").and_then(Role::known);
        let class = at(value, "id").and_then(Json::as_array).and_then(|path| path.last()?.as_str());
        let role = kind.or_else(|| class.and_then(Role::known)).unwrap_or(otherwise);
        let mut made = message(held, role.clone(), depth);
        made.role = role;
        return made;
    }
    let role = stated.or_else(|| text(value, &["type"]).and_then(Role::known)).unwrap_or(otherwise);
    let mut parts = Vec::new();
    thoughts(value, &mut parts);
    // Cohere's first version has a `message`, and results beside it.
    let content = first(value, &["parts", "content"]);
    let content = content.or_else(|| at(value, "message").filter(|held| held.is_string()));
    let content = content.unwrap_or(&Json::Null);
    let results = results(value);
    let has_results = !results.is_empty() || holds_results(content);
    parts.extend(results);
    if role == Role::Tool && !has_results {
        let id = text(value, &["tool_call_id", "tool_use_id", "call_id", "id", "name", "tool_name"])
            .map(str::to_owned);
        parts.push(Part::ToolResult { id, response: part::plain(content) });
    } else {
        part::content(content, &mut parts, depth);
    }
    parts.extend(text(value, &["refusal"]).map(Part::text));
    spoken(value, &mut parts);
    parts.extend(pictures(value));
    add_calls(get(map, "tool_calls"), &mut parts);
    if let Some(function) = at(value, "function_call").filter(|function| function.is_object()) {
        parts.extend(part::call(function).map(Part::ToolCall));
    }
    let reason = first(value, &["finish_reason", "stop_reason", "stop"]).and_then(FinishReason::read);
    Message { role, parts, finish_reason: reason }
}

/// Results of tools that stand beside the content.
fn results(value: &Json) -> Vec<Part> {
    at(value, "tool_results").and_then(Json::as_array).into_iter().flatten().map(part::result).collect()
}

/// Pictures that stand beside the content.
pub(crate) fn pictures(value: &Json) -> impl Iterator<Item = Part> {
    let pictures = at(value, "images").and_then(Json::as_array).into_iter().flatten();
    pictures.filter_map(media::of_picture)
}

/// Thoughts that stand beside the content.
fn thoughts(value: &Json, parts: &mut Vec<Part>) {
    if let Some(thought) = text(value, &["reasoning_content", "reasoning", "thinking", "tool_plan"]) {
        parts.push(Part::reasoning(thought));
    } else if let Some(details) = at(value, "reasoning_details").and_then(Json::as_array) {
        let texts = details.iter().filter_map(|detail| text(detail, &["text", "summary"]));
        let thought = texts.collect::<Vec<_>>().join("");
        if !thought.is_empty() {
            parts.push(Part::reasoning(thought));
        } else if !details.is_empty() {
            parts.push(Part::Reasoning { content: String::new(), redacted: true });
        }
    }
}

/// A spoken answer, with its transcript.
fn spoken(value: &Json, parts: &mut Vec<Part>) {
    let Some(audio) = at(value, "audio").filter(|audio| audio.is_object()) else { return };
    parts.extend(text(audio, &["transcript"]).map(Part::text));
    if let Some(data) = text(audio, &["data"]) {
        let mime_type = text(audio, &["format"]).map(|format| format!("audio/{format}"));
        parts.push(Part::Blob { modality: "audio".to_owned(), mime_type, content: data.to_owned() });
    }
}

fn calls(value: &Json, parts: &mut Vec<Part>) {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    for item in items {
        if item.is_null() {
            continue;
        }
        parts.push(match part::call(item) {
            Some(call) => Part::ToolCall(call),
            None => Part::text(item.to_string()),
        });
    }
}

fn holds_results(content: &Json) -> bool {
    let is_result = |item: &Json| match stated_kind(item) {
        Some(kind) => Kind::of(kind) == Some(Kind::Result),
        None => item
            .as_object()
            .is_some_and(|map| map.len() == 1 && map.keys().all(|key| Kind::of(key) == Some(Kind::Result))),
    };
    content.as_array().is_some_and(|items| items.iter().any(is_result))
}

/// The items of one answer, or its messages, as one message.
pub(crate) fn of_items(items: &[Json]) -> Message {
    let mut whole = Message::new(Role::Assistant, Vec::new());
    for item in items {
        if is_message(item) {
            let answer = message(item, Role::Assistant, DEPTH);
            if answer.role == Role::Assistant {
                whole.parts.extend(answer.parts);
                whole.finish_reason = answer.finish_reason.or(whole.finish_reason);
            }
        } else {
            part::part(item, &mut whole.parts, DEPTH);
        }
    }
    whole
}
