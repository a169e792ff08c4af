//! Messages in the form of the conventions, from the shapes that people have: `OpenAI`'s chat
//! messages, Anthropic's, those of the conventions themselves, and plain strings.
//!
//! A message is `{"role", "parts": [{"type": "text" | "tool_call" | "tool_call_response" |
//! "reasoning" | .., ..}]}`. Backends drop a whole conversation for one message they cannot read, so
//! nothing is passed on that is not of that form: what is of no known shape becomes a text part
//! with its JSON.

use serde_json::{Map, Value as Json, json};

/// A conversation, whatever it is given as.
pub(crate) fn conversation(value: Json) -> Vec<Json> {
    match value {
        Json::Array(items) if items.is_empty() => Vec::new(),
        // The parts of one message, as Legion's may be, rather than messages.
        Json::Array(items) if items.iter().all(is_part) => vec![message("user", parts(Json::Array(items)))],
        Json::Array(items) => items.into_iter().map(|item| one(item, "user")).collect(),
        Json::Object(mut map) if map.get("messages").is_some_and(Json::is_array) => {
            // A whole request, with its instructions beside its messages.
            let instructions = map.remove("system").or_else(|| map.remove("instructions"));
            let system = instructions.map(|text| message("system", parts(text)));
            let messages = map.remove("messages").map(conversation).unwrap_or_default();
            system.into_iter().chain(messages).collect()
        }
        value => vec![one(value, "user")],
    }
}

/// A model's answer, with why it ended; its own word for that comes first.
pub(crate) fn answer(value: Json, finish_reason: Option<&str>) -> Vec<Json> {
    let own = ["finish_reason", "stop_reason"].iter().find_map(|key| value.get(key)?.as_str());
    let own = own.map(str::to_owned);
    let mut message = one(value, "assistant");
    let calls = parts_of(&message).iter().any(|part| part["type"] == "tool_call");
    let reason =
        own.as_deref().or(finish_reason).map_or(if calls { "tool_call" } else { "stop" }, known_reason);
    message["finish_reason"] = reason.into();
    vec![message]
}

/// The text of the last message of a role: what a person would say was asked, or answered.
pub(crate) fn last_text(messages: &[Json], role: &str) -> Option<String> {
    let texts = messages.iter().rev().filter(|message| message["role"] == role).map(text_of);
    texts.flatten().find(|text| !text.is_empty())
}

fn text_of(message: &Json) -> Option<String> {
    let texts = parts_of(message).iter().filter(|part| part["type"] == "text");
    let texts: Vec<&str> = texts.filter_map(|part| part["content"].as_str()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn parts_of(message: &Json) -> &[Json] {
    message["parts"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The conventions' word for why a model stopped.
pub(crate) fn known_reason(reason: &str) -> &'static str {
    match reason.to_ascii_lowercase().as_str() {
        "length" | "max_tokens" | "max_output_tokens" | "maxtokens" | "model_context_window_exceeded" => {
            "length"
        }
        "tool_calls" | "tool_call" | "tool_use" | "toolcalls" | "toolcall" | "tooluse" | "function_call"
        | "functioncall" => "tool_call",
        "content_filter" | "contentfilter" | "refusal" | "safety" => "content_filter",
        "error" | "failed" => "error",
        _ => "stop",
    }
}

fn message(role: &str, parts: Vec<Json>) -> Json {
    json!({"role": role, "parts": parts})
}

/// One message of any shape.
fn one(value: Json, otherwise: &str) -> Json {
    match value {
        Json::String(text) => message(otherwise, vec![text_part(text)]),
        Json::Object(map) if is_message(&map) => of_map(map, otherwise),
        // An enum's variant, as `{"User": {..}}`.
        Json::Object(map) if map.len() == 1 => {
            let (key, inner) = map.into_iter().next().unwrap_or_default();
            match (role(&key), inner) {
                (Some(role), Json::Object(inner)) if is_message(&inner) => of_map(inner, role),
                (Some(role), inner) => message(role, parts(inner)),
                (None, inner) => message(otherwise, vec![text_part(json!({key: inner}).to_string())]),
            }
        }
        other => message(otherwise, parts(other)),
    }
}

fn is_message(map: &Map<String, Json>) -> bool {
    ["role", "content", "parts", "tool_calls"].iter().any(|key| map.contains_key(*key))
}

/// A role of the conventions, from the words in use.
fn role(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "system" | "developer" => "system",
        "user" | "human" => "user",
        "assistant" | "model" | "ai" => "assistant",
        "tool" | "function" => "tool",
        _ => return None,
    })
}

fn of_map(mut map: Map<String, Json>, otherwise: &str) -> Json {
    let said = map.get("role").and_then(Json::as_str).map(str::to_owned);
    let role = match &said {
        Some(said) => role(said).unwrap_or(said),
        None => otherwise,
    };
    let mut made = Vec::new();
    for key in ["reasoning_content", "reasoning"] {
        if let Some(Json::String(text)) = map.get(key)
            && !text.is_empty()
        {
            made.push(json!({"type": "reasoning", "content": text}));
        }
    }
    let content = map.remove("parts").or_else(|| map.remove("content")).unwrap_or(Json::Null);
    let answered = map.remove("tool_call_id");
    if role == "tool" && !has_responses(&content) {
        made.push(response(answered.or_else(|| map.remove("name")), content));
    } else {
        made.extend(parts(content));
    }
    if let Some(Json::String(refusal)) = map.remove("refusal")
        && !refusal.is_empty()
    {
        made.push(text_part(refusal));
    }
    if let Some(Json::Array(calls)) = map.remove("tool_calls") {
        made.extend(calls.into_iter().map(call));
    }
    if let Some(function) = map.remove("function_call").filter(Json::is_object) {
        made.push(call(function));
    }
    message(role, made)
}

fn has_responses(content: &Json) -> bool {
    let is_response = |part: &Json| {
        matches!(part["type"].as_str(), Some("tool_result" | "tool_call_response" | "function_call_output"))
    };
    content.as_array().is_some_and(|parts| parts.iter().any(is_response))
}

/// Content as parts: a string, one part, or a list of them.
fn parts(content: Json) -> Vec<Json> {
    match content {
        Json::Null => Vec::new(),
        Json::String(text) if text.is_empty() => Vec::new(),
        Json::String(text) => vec![text_part(text)],
        Json::Array(items) => items.into_iter().filter(|item| !item.is_null()).map(part).collect(),
        other => vec![part(other)],
    }
}

fn text_part(text: impl Into<String>) -> Json {
    json!({"type": "text", "content": text.into()})
}

/// Whether it is a part of a message rather than a message.
fn is_part(value: &Json) -> bool {
    value["type"].is_string() && !value.as_object().is_some_and(|map| map.contains_key("role"))
}

/// One part of any shape.
fn part(value: Json) -> Json {
    let map = match value {
        Json::String(text) => return text_part(text),
        Json::Object(map) => map,
        other => return text_part(other.to_string()),
    };
    let text = |key: &str| map.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    let made = match map.get("type").and_then(Json::as_str).unwrap_or_default() {
        "text" | "input_text" | "output_text" | "" => text("text").or_else(|| text("content")).map(text_part),
        "refusal" => text("refusal").map(text_part),
        "thinking" | "reasoning" => ["thinking", "content", "text", "reasoning"]
            .iter()
            .find_map(|key| text(key))
            .map(|content| json!({"type": "reasoning", "content": content})),
        "tool_use" | "tool_call" | "function" | "function_call" | "server_tool_use" => {
            let call = call(Json::Object(map.clone()));
            (call["type"] == "tool_call").then_some(call)
        }
        "tool_result" | "tool_call_response" | "function_call_output" => {
            let id = ["tool_use_id", "id", "call_id", "tool_call_id"].iter().find_map(|key| map.get(*key));
            let response_of =
                ["content", "response", "output", "result"].iter().find_map(|key| map.get(*key));
            Some(response(id.cloned(), response_of.cloned().unwrap_or(Json::Null)))
        }
        "image_url" => {
            map.get("image_url").and_then(|image| link("image", image.get("url").unwrap_or(image)))
        }
        "image" | "document" | "video" | "audio" => media(&map),
        "input_audio" => map.get("input_audio").and_then(|audio| {
            let format = audio["format"].as_str().unwrap_or("wav");
            blob("audio", Some(&format!("audio/{format}")), audio.get("data")?)
        }),
        "file" => file(&map),
        "uri" => map.get("uri").and_then(|uri| link(text("modality").unwrap_or("image"), uri)),
        "blob" => map
            .get("content")
            .and_then(|content| blob(text("modality").unwrap_or("image"), text("mime_type"), content)),
        _ => None,
    };
    made.unwrap_or_else(|| text_part(Json::Object(map).to_string()))
}

/// A call the model asks for: `OpenAI`'s, with its name and arguments inside `function`; Anthropic's,
/// with an `input`; or one of the conventions.
fn call(value: Json) -> Json {
    let function = value.get("function").filter(|function| function.is_object()).unwrap_or(&value);
    let Some(name) = ["name", "tool_name"].iter().find_map(|key| function.get(key)?.as_str()) else {
        return text_part(value.to_string());
    };
    let arguments = ["arguments", "input", "args", "parameters"].iter().find_map(|key| function.get(key));
    let arguments = match arguments {
        // JSON in a string, as OpenAI has it; a part of it, from a stream that broke off, stays text.
        Some(Json::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| Json::from(text.as_str())),
        Some(other) => other.clone(),
        None => Json::Null,
    };
    let mut made = json!({"type": "tool_call", "name": name, "arguments": arguments});
    if let Some(id) = ["id", "call_id", "tool_call_id"].iter().find_map(|key| value.get(key)?.as_str()) {
        made["id"] = id.into();
    }
    made
}

/// What a tool answered.
fn response(id: Option<Json>, content: Json) -> Json {
    let lone_text = match &content {
        Json::Array(parts) => match &parts[..] {
            [only] if only["type"] == "text" => only["text"].as_str().map(str::to_owned),
            _ => None,
        },
        _ => None,
    };
    let mut made = json!({"type": "tool_call_response", "response": lone_text.map_or(content, Json::from)});
    if let Some(Json::String(id)) = id {
        made["id"] = id.into();
    }
    made
}

/// An image or the like: Anthropic's, whose `source` holds it or says where it is.
fn media(map: &Map<String, Json>) -> Option<Json> {
    let modality = match map.get("type")?.as_str()? {
        "document" => "document",
        "video" => "video",
        "audio" => "audio",
        _ => "image",
    };
    let source = map.get("source")?;
    match source["type"].as_str()? {
        "base64" => blob(modality, source["media_type"].as_str(), source.get("data")?),
        "url" => link(modality, source.get("url")?),
        "file" => Some(json!({"type": "file", "modality": modality, "file_id": source["file_id"].as_str()?})),
        "text" => source["data"].as_str().map(text_part),
        _ => None,
    }
}

fn file(map: &Map<String, Json>) -> Option<Json> {
    let file = map.get("file").and_then(Json::as_object).unwrap_or(map);
    let id = file.get("file_id")?.as_str()?;
    let modality = file.get("modality").and_then(Json::as_str).unwrap_or("document");
    Some(json!({"type": "file", "modality": modality, "file_id": id}))
}

fn link(modality: &str, uri: &Json) -> Option<Json> {
    let uri = uri.as_str()?;
    // A picture written out in its own address.
    if let Some((mime_type, data)) = uri.strip_prefix("data:").and_then(|data| data.split_once(";base64,")) {
        return blob(modality, Some(mime_type), &Json::from(data));
    }
    Some(json!({"type": "uri", "modality": modality, "uri": uri}))
}

fn blob(modality: &str, mime_type: Option<&str>, content: &Json) -> Option<Json> {
    let mut made = json!({"type": "blob", "modality": modality, "content": content.as_str()?});
    if let Some(mime_type) = mime_type {
        made["mime_type"] = mime_type.into();
    }
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What backends insist on.
    fn assert_valid(messages: &[Json]) {
        for message in messages {
            assert!(message["role"].is_string(), "{message}");
            for part in message["parts"].as_array().unwrap_or_else(|| panic!("{message}")) {
                let needed = match part["type"].as_str().unwrap_or_else(|| panic!("{part}")) {
                    "text" | "reasoning" | "blob" => "content",
                    "tool_call" => "name",
                    "uri" => "uri",
                    "file" => "file_id",
                    "tool_call_response" => {
                        assert!(part.get("response").is_some(), "{part}");
                        continue;
                    }
                    other => panic!("unknown type {other}"),
                };
                assert!(part[needed].is_string(), "{part}");
            }
        }
    }

    fn converted(value: Json) -> Json {
        let messages = conversation(value);
        assert_valid(&messages);
        Json::from(messages)
    }

    #[test]
    fn openais_chat_messages() {
        let messages = json!([
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"x\":1}"}},
            ]},
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        ]);
        assert_eq!(
            converted(messages),
            json!([
                {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
                {"role": "user", "parts": [
                    {"type": "text", "content": "What is this?"},
                    {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
                    {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
                ]},
                {"role": "assistant", "parts": [
                    {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"x": 1}},
                ]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "a cat"}]},
            ])
        );
    }

    #[test]
    fn anthropics_messages() {
        let request = json!({
            "system": "Be brief.",
            "messages": [
                {"role": "user", "content": "How warm is it in Oslo?"},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "I should look.", "signature": "x"},
                    {"type": "text", "text": "Let me look."},
                    {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "-3"}]},
                ]},
            ],
        });
        assert_eq!(
            converted(request),
            json!([
                {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
                {"role": "user", "parts": [{"type": "text", "content": "How warm is it in Oslo?"}]},
                {"role": "assistant", "parts": [
                    {"type": "reasoning", "content": "I should look."},
                    {"type": "text", "content": "Let me look."},
                    {"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Oslo"}},
                ]},
                {"role": "user", "parts": [
                    {"type": "tool_call_response", "id": "t1", "response": "-3"},
                ]},
            ])
        );
    }

    #[test]
    fn strings_parts_and_the_conventions_own_form() {
        let hello = json!([{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]);
        assert_eq!(converted(json!("hello")), hello);
        assert_eq!(converted(json!(["hello"])), hello);
        assert_eq!(converted(json!([{"type": "text", "text": "hello"}])), hello);
        assert_eq!(converted(json!({"User": {"content": "hello"}})), hello);
        assert_eq!(converted(hello.clone()), hello);
        assert_eq!(converted(json!([])), json!([]));
        let own = json!([{"role": "assistant", "parts": [
            {"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}},
            {"type": "tool_call_response", "id": "c", "response": {"b": 2}},
            {"type": "reasoning", "content": "hm"},
        ]}]);
        assert_eq!(converted(own.clone()), own);
    }

    #[test]
    fn what_is_of_no_known_shape_is_still_a_message() {
        let odd = json!([
            null, 5, true, {}, [], {"role": 3}, {"role": "user"}, {"role": "user", "content": {"x": 1}},
            {"role": "user", "content": [{"type": "text"}, {"type": "text", "text": 5}, null, 7]},
            {"role": "assistant", "tool_calls": [{"id": 1}, "x", {"function": {"name": null}}]},
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{\"x\":"}}]},
            {"role": "critic", "content": "no"},
        ]);
        let made = converted(odd);
        assert_eq!(made.as_array().unwrap().len(), 12);
        assert_eq!(made[11]["role"], "critic");
        assert_eq!(made[10]["parts"][0]["arguments"], "{\"x\":");
    }

    #[test]
    fn an_answer_says_why_it_ended() {
        let text = answer(json!({"role": "assistant", "content": "Hi"}), Some("max_tokens"));
        assert_eq!(text[0]["finish_reason"], "length");
        assert_eq!(last_text(&text, "assistant").as_deref(), Some("Hi"));
        let call = json!({"content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]});
        let call = answer(call, None);
        assert_eq!(call[0]["role"], "assistant");
        assert_eq!(call[0]["finish_reason"], "tool_call");
        assert_eq!(last_text(&call, "assistant"), None);
        assert_eq!(answer(json!("Hi"), None)[0]["finish_reason"], "stop");
    }

    proptest! {
        #[test]
        fn whatever_it_is_given_it_makes_messages(
            role in prop::option::of("(user|assistant|tool|system|\\PC{0,4})"),
            content in prop::option::of("\\PC{0,12}"),
            kind in "(text|tool_use|tool_result|image|image_url|file|blob|uri|input_audio|thinking|\\PC{0,4})",
            field in "(text|content|id|name|source|image_url|file|input_audio|uri|thinking)",
            text in "\\PC{0,8}",
            number in any::<i64>(),
        ) {
            let part = json!({"type": kind, field.clone(): text});
            let odd_part = json!({"type": kind, field: number});
            for content in [json!(content), json!([part]), json!([odd_part]), odd_part, json!(number)] {
                let message = json!({"role": role, "content": content, "tool_calls": [content]});
                assert_valid(&conversation(message.clone()));
                assert_valid(&conversation(json!([message, content])));
                assert_valid(&conversation(content.clone()));
                assert_valid(&answer(content, None));
            }
        }
    }
}
