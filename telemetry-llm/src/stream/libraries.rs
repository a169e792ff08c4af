//! The forms that libraries give a stream: Vercel's SDK, `LangChain`, genai, rig.

use serde_json::Value as Json;

use super::delta::{Delta, Place, Sink, common, finish, give, index, origin};
use super::openai::piece_of_call;
use crate::Usage;
use crate::json::{at, first, same, text};
use crate::message::Part;
use crate::part;

/// The parts of a stream of Vercel's SDK.
pub(super) fn vercel<'a>(kind: &'a str, piece: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    match kind {
        "text-start" | "reasoning-start" => sink(Delta::Break),
        "text-delta" => {
            let content = text(piece, &["text", "delta", "text_delta"]);
            give(sink, content.map(|content| Delta::Text(Place::Next, content)));
        }
        "reasoning-delta" | "reasoning" => {
            let thought = text(piece, &["text", "delta", "text_delta"]);
            give(sink, thought.map(|thought| Delta::Reasoning(Place::Next, thought)));
        }
        "tool-call" | "tool-input-available" => {
            if let Some(call) = part::call(piece) {
                sink(Delta::Break);
                sink(Delta::Parts(Place::Next, vec![Part::ToolCall(call)]));
            }
        }
        "tool-result" | "file" => {
            let mut parts = Vec::new();
            part::part(piece, &mut parts, part::DEPTH);
            sink(Delta::Break);
            sink(Delta::Parts(Place::Next, parts));
        }
        "response-metadata" => common(piece, &["id"], &["model_id"], sink),
        "finish-step" | "step-finish" | "finish" => {
            common(piece, &["response.id"], &["response.model_id"], sink);
            finish(0, at(piece, "finish_reason"), sink);
            if kind == "finish" {
                sink(Delta::End);
            }
        }
        "start" | "start-step" | "text-end" | "reasoning-end" | "tool-input-start" | "tool-input-delta"
        | "tool-input-end" | "stream-start" | "source" => {}
        _ => return false,
    }
    true
}

/// `LangChain`'s chunks of an answer, as they are and as they are kept.
pub(super) fn langchain<'a>(kind: &'a str, chunk: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    let held = match kind {
        "AIMessageChunk" => first(chunk, &["data", "kwargs"]).unwrap_or(chunk),
        "constructor" => {
            match at(chunk, "id").and_then(Json::as_array).and_then(|path| path.last()?.as_str()) {
                Some("AIMessageChunk") => at(chunk, "kwargs").unwrap_or(chunk),
                _ => return false,
            }
        }
        _ => return false,
    };
    origin(held, &["id"], &["response_metadata.model_name", "response_metadata.model"], sink);
    // Chunks are there to be added up, and so are their tokens.
    give(sink, Usage::read(held).map(|usage| Delta::MoreUsage(Box::new(usage))));
    match at(held, "content") {
        Some(Json::String(piece)) => sink(Delta::Text(Place::At((1, 0)), piece)),
        Some(Json::Array(pieces)) => {
            for piece in pieces {
                let place = Place::At((1, index(piece, &["index"])));
                match text(piece, &["type"]) {
                    Some("text" | "text_delta") | None => {
                        give(sink, text(piece, &["text"]).map(|piece| Delta::Text(place, piece)));
                    }
                    Some("thinking" | "reasoning" | "reasoning_content") => {
                        let thought = text(piece, &["thinking", "reasoning", "reasoning_content.text"]);
                        give(sink, thought.map(|thought| Delta::Reasoning(place, thought)));
                        let summary = at(piece, "summary").and_then(Json::as_array);
                        for part in summary.into_iter().flatten() {
                            // An empty part begins the next one.
                            let between = (index(part, &["index"]) > 0).then_some("\n\n");
                            let thought = text(part, &["text"]).or(between);
                            give(sink, thought.map(|thought| Delta::Reasoning(place, thought)));
                        }
                    }
                    Some(_) => {}
                }
            }
        }
        _ => {}
    }
    let thought = text(held, &["additional_kwargs.reasoning_content"]);
    give(sink, thought.map(|thought| Delta::Reasoning(Place::At((0, 0)), thought)));
    for call in at(held, "tool_call_chunks").and_then(Json::as_array).into_iter().flatten() {
        sink(Delta::Asks);
        piece_of_call(call, Place::of_index(2, call), sink);
    }
    let reason = first(
        held,
        &[
            "response_metadata.finish_reason",
            "response_metadata.stop_reason",
            "response_metadata.done_reason",
            "response_metadata.incomplete_details.reason",
        ],
    );
    match (reason, text(held, &["response_metadata.status"])) {
        (None, Some("completed")) => sink(Delta::Completed),
        (reason, _) => finish(0, reason, sink),
    }
    true
}

/// genai's events, each an enum's variant.
pub(super) fn genai<'a>(event: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    let Some(map) = event.as_object().filter(|map| map.len() == 1) else { return false };
    let Some((kind, held)) = map.iter().next() else { return false };
    match kind.as_str() {
        "Chunk" => {
            let Some(piece) = at(held, "content").and_then(Json::as_str) else { return false };
            sink(Delta::Text(Place::Next, piece));
        }
        "ReasoningChunk" => {
            let thought = text(held, &["content"]);
            give(sink, thought.map(|thought| Delta::Reasoning(Place::Next, thought)));
        }
        "ToolCallChunk" => {
            let Some(call) = at(held, "tool_call") else { return false };
            let arguments = at(call, "fn_arguments");
            let piece = match text(call, &["fn_name"]) {
                // The call as far as it came.
                Some(name) => {
                    let (id, whole) = (text(call, &["call_id"]), arguments.cloned());
                    Delta::Call { place: Place::Next, id, name: Some(name), arguments: "", whole }
                }
                // A piece more of it, with an id that is made up.
                None => {
                    let arguments = arguments.and_then(Json::as_str).unwrap_or_default();
                    Delta::Call { place: Place::Next, id: None, name: None, arguments, whole: None }
                }
            };
            sink(piece);
        }
        "ThoughtSignatureChunk" => {}
        "End" => {
            give(sink, Usage::read(held).map(|usage| Delta::Usage(Box::new(usage))));
            common(held, &["captured_response_id"], &[], sink);
            finish(0, at(held, "captured_stop_reason"), sink);
            if let Some(content) = at(held, "captured_content") {
                let mut parts: Vec<Part> = Vec::new();
                parts.extend(text(held, &["captured_reasoning_content"]).map(Part::reasoning));
                part::content(content, &mut parts, part::DEPTH);
                if !parts.is_empty() {
                    sink(Delta::Answer(Box::new(crate::Response {
                        message: Some(crate::Message::new(crate::Role::Assistant, parts)),
                        ..crate::Response::default()
                    })));
                }
            }
            sink(Delta::End);
        }
        _ => return false,
    }
    true
}

/// rig's events, bare or as an item of its streams.
pub(super) fn rig<'a>(event: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    let event = match (text(event, &["item"]), at(event, "value")) {
        (Some("event"), Some(held)) => held,
        (Some("unknown"), Some(_)) => return true,
        _ => event,
    };
    let Some(kind) = text(event, &["event"]) else { return false };
    let Some(which) = at(event, "part").and_then(Json::as_u64) else { return false };
    let place = Place::At((which, 0));
    match kind {
        "start" => {
            if at(event, "kind").and_then(Json::as_str).is_some_and(|kind| same(kind, "tool_call")) {
                let name = text(event, &["name"]);
                sink(Delta::Call { place, id: None, name, arguments: "", whole: None });
            }
        }
        "text" => sink(Delta::Text(place, text(event, &["text"]).unwrap_or_default())),
        "reasoning" => sink(Delta::Reasoning(place, text(event, &["text"]).unwrap_or_default())),
        "arguments" => {
            let arguments = text(event, &["json"]).unwrap_or_default();
            sink(Delta::Call { place, id: None, name: None, arguments, whole: None });
        }
        "end" => {
            let mut parts = Vec::new();
            part::part(at(event, "content").unwrap_or(&Json::Null), &mut parts, part::DEPTH);
            sink(Delta::Item(which, parts));
        }
        _ => return false,
    }
    true
}
