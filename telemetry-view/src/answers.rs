//! What models answered, read in one place.

use serde::Serialize;
use telemetry_runtime::Json;

/// Tokens used by one round trip.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Given to the model, what it had in its cache included.
    pub input: Option<u64>,
    /// Written by the model, its reasoning included.
    pub output: Option<u64>,
    /// Of the input: what came from the cache.
    pub cache_read: Option<u64>,
    /// Of the output: reasoning.
    pub reasoning: Option<u64>,
    /// What the provider says that it cost, in US dollars.
    pub cost: Option<f64>,
}

/// The tokens that a `usage` value tells of.
pub(crate) fn usage(value: &Json) -> Option<Usage> {
    let first = |keys: &[&str]| keys.iter().find_map(|key| value.pointer(key)?.as_u64());
    let usage = Usage {
        input: first(&["/input", "/prompt_tokens", "/input_tokens"]),
        output: first(&["/output", "/completion_tokens", "/output_tokens"]),
        cache_read: first(&["/cache_read", "/prompt_tokens_details/cached_tokens"]),
        reasoning: first(&["/reasoning", "/completion_tokens_details/reasoning_tokens"]),
        cost: value.pointer("/cost").and_then(Json::as_f64),
    };
    (usage != Usage::default()).then_some(usage)
}

/// What those tokens cost, in US dollars, where that is known.
pub(crate) fn cost(_provider: Option<&str>, _model: &str, usage: &Usage, _at: u64) -> Option<f64> {
    usage.cost
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// What it is made of.
    pub parts: Vec<Part>,
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub(crate) enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// What the model thought.
    Reasoning {
        /// The text.
        text: String,
    },
    /// A call of a tool.
    ToolCall {
        /// The call's id.
        id: Option<String>,
        /// The tool.
        name: String,
        /// Its arguments.
        arguments: Json,
    },
    /// What a tool gave.
    ToolResult {
        /// The call's id.
        id: Option<String>,
        /// The result.
        result: Json,
    },
    /// A picture, where it is in the message.
    Image {
        /// A `data:` URL.
        url: String,
    },
    /// Anything else, as it was.
    Other {
        /// The value.
        value: Json,
    },
}

/// The messages that a model was given.
pub(crate) fn conversation(messages: &Json) -> Vec<Message> {
    messages.as_array().into_iter().flatten().filter_map(message).collect()
}

/// What a model answered.
pub(crate) fn answer(answer: &Json) -> Option<Message> {
    message(answer)
}

fn message(value: &Json) -> Option<Message> {
    let text = |value: &Json| Part::Text { text: value.as_str().unwrap_or_default().to_owned() };
    if value.is_string() {
        return Some(Message { role: "assistant".to_owned(), parts: vec![text(value)] });
    }
    let role = value.get("role").and_then(Json::as_str).unwrap_or("assistant").to_owned();
    let mut parts = Vec::new();
    match value.get("content") {
        Some(content) if role == "tool" => parts.push(Part::ToolResult {
            id: value.get("tool_call_id").and_then(Json::as_str).map(str::to_owned),
            result: content.clone(),
        }),
        Some(content @ Json::String(_)) => parts.push(text(content)),
        Some(Json::Array(items)) => parts.extend(items.iter().map(|item| match item.get("text") {
            Some(said) => text(said),
            None => Part::Other { value: item.clone() },
        })),
        _ => {}
    }
    for call in value.get("tool_calls").and_then(Json::as_array).into_iter().flatten() {
        let arguments = call.pointer("/function/arguments").cloned().unwrap_or_default();
        let arguments = match arguments.as_str().map(serde_json::from_str) {
            Some(Ok(arguments)) => arguments,
            _ => arguments,
        };
        parts.push(Part::ToolCall {
            id: call.get("id").and_then(Json::as_str).map(str::to_owned),
            name: call.pointer("/function/name").and_then(Json::as_str).unwrap_or_default().to_owned(),
            arguments,
        });
    }
    Some(Message { role, parts })
}
