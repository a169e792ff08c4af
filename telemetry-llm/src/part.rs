//! The parts of a message, from every form of them.

use serde_json::{Map, Value as Json};

use crate::json::{at, first, get, text, word};
use crate::media;
use crate::message::{Other, Part, ToolCall};

/// How deep forms that hold other forms are followed.
pub(crate) const DEPTH: u8 = 8;

/// Reads content: a text, one part, or a list of them.
pub(crate) fn content(value: &Json, into: &mut Vec<Part>, depth: u8) {
    match value {
        Json::Null => {}
        Json::String(content) if content.is_empty() => {}
        Json::String(content) => into.push(Part::text(content)),
        Json::Array(items) => items.iter().for_each(|item| part(item, into, depth)),
        other => part(other, into, depth),
    }
}

/// The kinds of parts, from the words in use. What ends a name stands for itself:
/// `web_search_tool_result` is a result as `tool_result` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Refusal,
    Reasoning,
    Redacted,
    Call,
    Result,
    Media,
    /// A message among the parts, as an item of the Responses API.
    Message,
    /// What holds another part, or a list of them, at a key.
    Holder(&'static str),
    /// What is around a part, which has the keys of one.
    Around,
    /// What the conventions have no part for.
    Other,
    /// What has no content: a signature, a mark for a cache.
    Silent,
}

impl Kind {
    pub(crate) fn of(kind: &str) -> Option<Self> {
        let kind = word(kind);
        Some(match &*kind {
            "text" | "inputtext" | "outputtext" | "summarytext" => Self::Text,
            "refusal" => Self::Refusal,
            "thinking" | "reasoning" | "reasoningtext" | "thought" | "reasoningcontent" => Self::Reasoning,
            "redactedthinking" | "redactedreasoning" | "redactedcontent" => Self::Redacted,
            "function" | "executablecode" => Self::Call,
            "functionresponse" | "toolresponse" | "toolcallresponse" | "codeexecutionresult" => Self::Result,
            "image" | "imageurl" | "inputimage" | "outputimage" | "audio" | "audiourl" | "inputaudio"
            | "outputaudio" | "video" | "videourl" | "document" | "documenturl" | "file" | "inputfile"
            | "media" | "blob" | "uri" | "binary" | "inlinedata" | "filedata" | "containerupload" => {
                Self::Media
            }
            "message" => Self::Message,
            "opaque" => Self::Holder("item"),
            "custom" => Self::Holder("data"),
            // Bedrock's: a text with what it cites, what a guardrail looks at, a document that was found.
            "citationscontent" => Self::Holder("content"),
            "guardcontent" => Self::Around,
            "searchresult" => Self::Other,
            "thoughtsignature" | "cachepoint" | "stepstart" | "itemreference" => Self::Silent,
            kind if kind.ends_with("toolresult") || kind.ends_with("calloutput") => Self::Result,
            kind if kind.ends_with("tooluse") || kind.ends_with("call") => Self::Call,
            _ => return None,
        })
    }
}

/// Reads one part.
pub(crate) fn part(value: &Json, into: &mut Vec<Part>, depth: u8) {
    let map = match value {
        Json::Null => return,
        Json::String(content) => {
            if !content.is_empty() {
                into.push(Part::text(content));
            }
            return;
        }
        Json::Object(map) => map,
        other => return into.push(Part::text(other.to_string())),
    };
    let Some(depth) = depth.checked_sub(1) else {
        return into.push(Part::text(value.to_string()));
    };
    let stated = get(map, "type").and_then(Json::as_str).filter(|kind| !kind.is_empty());
    if let Some(stated) = stated {
        let before = into.len();
        let read = Kind::of(stated).is_some_and(|kind| of_kind(kind, stated, value, into, depth));
        if !read && into.len() == before {
            into.push(other(stated, map));
        }
        return;
    }
    // A part whose one key is its kind: Gemini's, Bedrock's, an enum's variant. Beside it there may be
    // marks, such as a signature or `thought: true`, before or after it.
    let kinds = || map.iter().filter_map(|(key, inner)| Some((Kind::of(key)?, key, inner)));
    let says = |(kind, _, inner): &(Kind, &String, &Json)| {
        *kind != Kind::Silent && !matches!(inner, Json::Null | Json::Bool(_))
    };
    match kinds().find(says).or_else(|| kinds().find(|(kind, ..)| *kind == Kind::Silent)) {
        Some((Kind::Text, _, Json::String(content))) => {
            // Gemini marks a thought beside its text.
            let is_thought = at(value, "thought").and_then(Json::as_bool) == Some(true);
            if !content.is_empty() {
                into.push(if is_thought { Part::reasoning(content) } else { Part::text(content) });
            }
        }
        Some((Kind::Silent, ..)) => {}
        Some((kind, key, inner)) if keyed_part(kind, key, inner, into, depth) => {}
        _ => match text(value, &["content"]) {
            Some(content) => into.push(Part::text(content)),
            None => into.push(Part::text(value.to_string())),
        },
    }
}

/// A part of a known kind; false where it lacks what makes it one.
fn of_kind(kind: Kind, stated: &str, value: &Json, into: &mut Vec<Part>, depth: u8) -> bool {
    let made = match kind {
        Kind::Text => match first(value, &["text", "content", "value"]) {
            Some(Json::String(content)) if content.is_empty() => return true,
            Some(Json::String(content)) => Some(Part::text(content)),
            // The text of an assistant's message, with its annotations.
            Some(held) => text(held, &["value", "text"]).map(Part::text),
            None => None,
        },
        Kind::Refusal => text(value, &["refusal"]).map(Part::text),
        Kind::Reasoning => Some(reasoning(value)),
        Kind::Redacted => Some(Part::Reasoning { content: String::new(), redacted: true }),
        Kind::Call => call_of_kind(value, stated).map(Part::ToolCall),
        Kind::Result => Some(result(value)),
        Kind::Media => {
            let before = into.len();
            // What was spoken is a text too.
            into.extend(text(value, &["transcript"]).map(Part::text));
            into.extend(media::read(value, stated));
            return into.len() > before;
        }
        Kind::Message => {
            let content_of = first(value, &["content", "parts"]);
            let Some(held) = content_of else { return false };
            content(held, into, depth);
            return true;
        }
        Kind::Holder(key) => match at(value, key) {
            Some(held) if held.is_object() || held.is_array() => {
                content(held, into, depth);
                return true;
            }
            _ => None,
        },
        Kind::Around | Kind::Other => None,
        Kind::Silent => return true,
    };
    // A call that a provider carried out has its result beside it.
    let ran = (kind == Kind::Call).then(|| ran(value)).flatten();
    let read = made.is_some();
    into.extend(made);
    into.extend(ran.filter(|_| read));
    read
}

/// A part that is the value of a key which names its kind.
fn keyed_part(kind: Kind, key: &str, inner: &Json, into: &mut Vec<Part>, depth: u8) -> bool {
    match inner {
        Json::String(text) if kind == Kind::Reasoning => {
            into.push(Part::reasoning(text));
            true
        }
        // A piece of a call whose name came before, as Vertex AI streams it.
        Json::Object(map) if kind == Kind::Call && (map.is_empty() || is_piece_of_call(inner)) => true,
        Json::Object(_) if kind == Kind::Around => {
            part(inner, into, depth);
            true
        }
        Json::Object(map) if kind == Kind::Other => {
            into.push(other(key, map));
            true
        }
        Json::Object(_) => of_kind(kind, key, inner, into, depth),
        _ => false,
    }
}

fn is_piece_of_call(value: &Json) -> bool {
    text(value, &["name"]).is_none() && first(value, &["partial_args", "will_continue"]).is_some()
}

/// What a model thought: a text, a list of texts, or nothing that can be read.
pub(crate) fn reasoning(value: &Json) -> Part {
    // Bedrock's holds its text or hides it, in LangChain's a level deeper.
    let value = ["reasoning_content", "reasoning_text"]
        .iter()
        .fold(value, |value, key| at(value, key).filter(|held| held.is_object()).unwrap_or(value));
    for key in ["thinking", "content", "text", "reasoning", "summary"] {
        let thought = match at(value, key) {
            Some(Json::String(thought)) => thought.clone(),
            Some(Json::Array(items)) => {
                let texts = items.iter().filter_map(|item| item.as_str().or_else(|| text(item, &["text"])));
                texts.collect::<Vec<_>>().join("\n\n")
            }
            _ => continue,
        };
        if !thought.is_empty() {
            return Part::reasoning(thought);
        }
    }
    let hides = first(value, &["encrypted_content", "redacted_content", "data"]).is_some()
        || at(value, "redacted").and_then(Json::as_bool) == Some(true);
    Part::Reasoning { content: String::new(), redacted: hides }
}

/// A call whose kind may name its tool, as `web_search_call` does.
fn call_of_kind(value: &Json, stated: &str) -> Option<ToolCall> {
    if let Some(call) = call(value) {
        return Some(call);
    }
    let name = if crate::json::same(stated, "executable_code") {
        "code_execution"
    } else {
        stated.strip_suffix("_call").filter(|name| !matches!(*name, "tool" | "function" | "custom_tool"))?
    };
    let arguments =
        first(value, &["arguments", "input", "action", "actions", "operation", "queries", "code"]);
    Some(ToolCall::new(call_id(value), name, arguments.map_or(Json::Null, arguments_of)))
}

/// A call of a tool: `OpenAI`'s, with its name and arguments inside `function`; one with an `input`; one
/// of a library.
pub(crate) fn call(value: &Json) -> Option<ToolCall> {
    const NAMES: &[&str] = &["name", "tool_name", "fn_name"];
    let (function, name) = match text(value, NAMES) {
        Some(name) => (value, name),
        None => {
            let function = first(value, &["function", "function_call", "custom"])?;
            (function, text(function, NAMES)?)
        }
    };
    let arguments = first(function, &["arguments", "input", "args", "parameters", "fn_arguments"]);
    let broken = text(function, &["invalid_arguments"]);
    let arguments = match (arguments, broken) {
        (_, Some(broken)) => Json::from(broken),
        (Some(arguments), None) => arguments_of(arguments),
        (None, None) => Json::Null,
    };
    Some(ToolCall::new(call_id(value), name, arguments))
}

/// The id that a call's result answers to, which is not always that of the item it stands in.
fn call_id(value: &Json) -> Option<String> {
    let id = text(value, &["call_id", "tool_call_id", "tool_use_id", "id", "id.provider"]);
    id.map(str::to_owned).or_else(|| at(value, "id.local").map(ToString::to_string))
}

/// Arguments as a tree. JSON in a text is that JSON; a part of it, from a stream that broke off,
/// stays a text.
pub(crate) fn arguments_of(value: &Json) -> Json {
    match value {
        Json::String(text) if text.trim().is_empty() => Json::Object(Map::new()),
        Json::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

/// What a tool answered.
pub(crate) fn result(value: &Json) -> Part {
    let id = text(
        value,
        &[
            "tool_use_id",
            "tool_call_id",
            "call_id",
            "id",
            "call.provider",
            "tool_name",
            "fn_name",
            "name",
            "call.name",
        ],
    );
    let id = id.map(str::to_owned).or_else(|| at(value, "call.local").map(ToString::to_string));
    let answered = first(value, &["content", "response", "output", "outputs", "result", "tools"]);
    Part::ToolResult { id, response: answered.map_or(Json::Null, plain) }
}

/// What a provider's own tool gave, beside its call.
fn ran(value: &Json) -> Option<Part> {
    let kind = at(value, "type")?.as_str()?;
    if kind == "function_call" || !kind.ends_with("_call") {
        return None;
    }
    let output = first(value, &["output", "results", "outputs", "result"])?;
    // A picture that a tool made is no text.
    if kind == "image_generation_call" {
        let data = output.as_str()?;
        return Some(Part::Blob { modality: "image".to_owned(), mime_type: None, content: data.to_owned() });
    }
    Some(Part::ToolResult { id: call_id(value), response: plain(output) })
}

/// A result without its wrapping: the one text in a list, the value of a tagged one.
pub(crate) fn plain(value: &Json) -> Json {
    let lone = match value {
        Json::Array(items) if items.len() == 1 => &items[0],
        Json::Object(_) => value,
        other => return other.clone(),
    };
    let Json::Object(map) = lone else { return value.clone() };
    match get(map, "type").and_then(Json::as_str).map(word).as_deref() {
        Some("text" | "outputtext" | "inputtext") if map.len() <= 3 || value.is_array() => {
            text(lone, &["text", "value"]).map_or_else(|| value.clone(), Json::from)
        }
        Some("json" | "errortext" | "errorjson") => at(lone, "value").unwrap_or(value).clone(),
        // Bedrock's.
        None if map.len() == 1 && value.is_array() => first(lone, &["text", "json"]).unwrap_or(value).clone(),
        _ => value.clone(),
    }
}

fn other(kind: &str, map: &Map<String, Json>) -> Part {
    let fields =
        map.iter().filter(|(key, _)| *key != "type").map(|(key, value)| (key.clone(), value.clone()));
    Part::Other(Other { kind: kind.to_owned(), fields: fields.collect() })
}
