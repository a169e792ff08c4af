//! Messages in the form of the conventions, as `telemetry-llm` reads them.

use serde_json::{Map, Value as Json};
use telemetry_llm::{FinishReason, Message, Part, Role};

/// A model's answer, with why it ended: its own word for that first, then what the event says, then whether it is whole.
pub(crate) fn answer(value: &Json, finish_reason: Option<FinishReason>, is_whole: bool) -> Option<Message> {
    let mut message = telemetry_llm::answer(value)?;
    let unstated = unstated_reason(&message, is_whole);
    message.finish_reason = message.finish_reason.take().or(finish_reason).or(Some(unstated));
    Some(message)
}

/// Why a message ended that does not state it: the conventions want a reason of each. One left half done has not stopped.
pub(crate) fn unstated_reason(message: &Message, is_whole: bool) -> FinishReason {
    match message.tool_calls().next() {
        _ if !is_whole => FinishReason::Error,
        Some(_) => FinishReason::ToolCall,
        None => FinishReason::Stop,
    }
}

/// The text of the last message of a role: what a person would say was asked, or answered.
pub(crate) fn last_text(messages: &[Message], role: &Role) -> Option<String> {
    let texts = messages.iter().rev().filter(|message| message.role == *role).map(Message::text);
    texts.flatten().find(|text| !text.is_empty())
}

/// Puts words in the place of a picture or the like.
pub(crate) fn leave_out_media(part: &mut Part) {
    let what = match part {
        Part::Blob { modality, mime_type, content } => {
            left_out(mime_type.as_deref().unwrap_or(modality), Some(content.len()))
        }
        Part::Uri { modality, .. } | Part::File { modality, .. } => left_out(modality, None),
        _ => return,
    };
    *part = Part::text(what);
}

/// What stands in the place of a picture or the like, of so many bytes.
fn left_out(what: &str, bytes: Option<usize>) -> String {
    match bytes {
        Some(bytes) => format!("[{what} of {bytes} bytes left out]"),
        None => format!("[{what} left out]"),
    }
}

/// Of a picture or the like that is part of a message, as JSON: its data or where it is, and the words to stand in its place.
pub(crate) fn media(part: &Map<String, Json>) -> Option<(&str, String)> {
    let text = |key: &str| part.get(key).and_then(Json::as_str);
    let modality = text("modality")?;
    match text("type")? {
        "blob" => {
            let content = text("content")?;
            Some((content, left_out(text("mime_type").unwrap_or(modality), Some(content.len()))))
        }
        "uri" => Some((text("uri")?, left_out(modality, None))),
        "file" => Some((text("file_id")?, left_out(modality, None))),
        _ => None,
    }
}

/// The messages as JSON of at most about that many bytes as far as pictures and the like go: the
/// largest of those that do not fit are left out first, with a text in their place. Half a picture
/// is useless.
pub(crate) fn json(mut messages: Vec<Message>, max_bytes: usize) -> Json {
    let blobs = |messages: &[Message]| -> Vec<usize> {
        let parts = messages.iter().flat_map(|message| &message.parts);
        parts.map(|part| if let Part::Blob { content, .. } = part { content.len() } else { 0 }).collect()
    };
    let sizes = blobs(&messages);
    let mut total: usize = sizes.iter().sum();
    let mut largest: Vec<usize> = sizes.into_iter().filter(|size| *size > 0).collect();
    largest.sort_unstable();
    // What is left has to share the room with the text around it.
    while total > max_bytes / 2 {
        let Some(size) = largest.pop() else { break };
        let parts = messages.iter_mut().flat_map(|message| &mut message.parts);
        for part in parts {
            if matches!(part, Part::Blob { content, .. } if content.len() == size) {
                leave_out_media(part);
                total -= size;
                break;
            }
        }
    }
    serde_json::to_value(messages).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_has_its_finish_reason() {
        let ended = |value: Json, reason: Option<&str>| {
            let message = answer(&value, reason.map(Into::into), true).unwrap();
            message.finish_reason.unwrap().to_string()
        };
        assert_eq!(ended(json!({"role": "assistant", "content": "Hi"}), Some("max_tokens")), "length");
        assert_eq!(
            ended(json!({"content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]}), None),
            "tool_call"
        );
        assert_eq!(ended(json!({"content": "Hi", "stop_reason": "refusal"}), Some("stop")), "content_filter");
        assert_eq!(ended(json!("Hi"), Some("incomplete")), "incomplete");
        assert_eq!(ended(json!("Hi"), None), "stop");
    }

    #[test]
    fn pictures_that_do_not_fit_are_left_out_whole() {
        let picture = |size: usize| json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", "A".repeat(size))}});
        let messages = json!([{"role": "user", "content": [picture(40), picture(4000), {"type": "text", "text": "What?"}, picture(40)]}]);
        let made = json(telemetry_llm::conversation(&messages), 1000);
        let kinds: Vec<_> =
            made[0]["parts"].as_array().unwrap().iter().map(|part| part["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["blob", "text", "text", "blob"]);
        assert_eq!(made[0]["parts"][1]["content"], "[image/png of 4000 bytes left out]");
    }
}
