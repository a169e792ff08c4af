//! `OpenAI`'s two interfaces, and all that copy them.

use serde_json::Value as Json;

use super::delta::{Delta, Place, Sink, common, finish, give, index};
use crate::conversation::pictures;
use crate::json::{at, first, text};
use crate::message::Part;
use crate::part;
use crate::response::is_asked;
use crate::{FinishReason, Provider, Response};

/// Blocks of a chat completion stand in the order of a whole message's parts.
const REASONING: u64 = 0;
const TEXT: u64 = 1;
const REFUSAL: u64 = 2;
const SPOKEN: u64 = 3;
const PICTURES: u64 = 4;
const CALLS: u64 = 5;
const FUNCTION: u64 = 6;

const fn at_start(block: u64) -> Place {
    Place::At((block, 0))
}

/// A chunk of chat completions.
pub(super) fn chat_chunk<'a>(chunk: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    let Some(choices) = at(chunk, "choices").and_then(Json::as_array) else { return false };
    // A whole answer, from a server that does not stream.
    if choices.iter().any(|choice| at(choice, "message").is_some()) {
        let answer = Response::read(chunk);
        give(sink, answer.map(|answer| Delta::Answer(Box::new(answer))));
        return true;
    }
    common(chunk, &["id"], &["model"], sink);
    give(sink, text(chunk, &["provider"]).and_then(Provider::named).map(Delta::Provider));
    for choice in choices {
        let which = index(choice, &["index"]);
        if which == 0 {
            let delta = at(choice, "delta").unwrap_or(choice);
            chat_delta(delta, sink);
        }
        finish(which, at(choice, "finish_reason"), sink);
    }
    true
}

fn chat_delta<'a>(delta: &'a Json, sink: &mut Sink<'_, 'a>) {
    match text(delta, &["reasoning_content", "reasoning", "thinking"]) {
        Some(thought) => sink(Delta::Reasoning(at_start(REASONING), thought)),
        None => {
            let details = at(delta, "reasoning_details").and_then(Json::as_array);
            for detail in details.into_iter().flatten() {
                match text(detail, &["text", "summary"]) {
                    Some(thought) => sink(Delta::Reasoning(at_start(REASONING), thought)),
                    None => sink(Delta::Redacted(at_start(REASONING))),
                }
            }
        }
    }
    match first(delta, &["content", "text"]) {
        Some(Json::String(piece)) if !piece.is_empty() => sink(Delta::Text(at_start(TEXT), piece)),
        // Mistral's pieces, which may be thoughts.
        Some(Json::Array(pieces)) => {
            for piece in pieces {
                if let Some(content) = text(piece, &["text"]) {
                    sink(Delta::Text(at_start(TEXT), content));
                }
                for thought in at(piece, "thinking").and_then(Json::as_array).into_iter().flatten() {
                    give(
                        sink,
                        text(thought, &["text"])
                            .map(|thought| Delta::Reasoning(at_start(REASONING), thought)),
                    );
                }
            }
        }
        _ => {}
    }
    if let Some(refusal) = text(delta, &["refusal"]) {
        sink(Delta::Text(at_start(REFUSAL), refusal));
    }
    if let Some(spoken) = text(delta, &["audio.transcript"]) {
        sink(Delta::Text(at_start(SPOKEN), spoken));
    }
    // Each comes whole.
    for picture in pictures(delta) {
        sink(Delta::Parts(Place::Among(PICTURES), vec![picture]));
    }
    for call in at(delta, "tool_calls").and_then(Json::as_array).into_iter().flatten() {
        piece_of_call(call, Place::of_index(CALLS, call), sink);
    }
    if let Some(function) = at(delta, "function_call") {
        piece_of_call(function, at_start(FUNCTION), sink);
    }
}

/// A piece of a call, whose arguments are text that goes on, or a tree that is whole.
pub(super) fn piece_of_call<'a>(call: &'a Json, place: Place, sink: &mut Sink<'_, 'a>) {
    let function = first(call, &["function", "custom"]).unwrap_or(call);
    let held = first(function, &["arguments", "args", "input"]);
    let arguments = held.and_then(Json::as_str).unwrap_or_default();
    let whole = held.filter(|held| !held.is_string()).cloned();
    let name = text(function, &["name"]);
    let id = text(call, &["id"]);
    if name.is_some() || id.is_some() || !arguments.is_empty() || whole.is_some() {
        sink(Delta::Call { place, id, name, arguments, whole });
    }
}

/// An event of the Responses API.
pub(super) fn responses_event<'a>(kind: &'a str, event: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    let Some(kind) = kind.strip_prefix("response.") else { return false };
    let item = index(event, &["output_index"]);
    let content = Place::At((item, index(event, &["content_index"])));
    let whole = Place::At((item, 0));
    let piece = text(event, &["delta"]);
    match kind {
        "created" | "in_progress" | "queued" => {
            if let Some(response) = at(event, "response") {
                common(response, &["id"], &["model"], sink);
            }
        }
        "output_text.delta"
        | "refusal.delta"
        | "audio_transcript.delta"
        | "output_audio_transcript.delta" => {
            give(sink, piece.map(|piece| Delta::Text(content, piece)));
        }
        "reasoning_text.delta" | "reasoning_summary_text.delta" | "reasoning.delta" => {
            give(sink, piece.map(|piece| Delta::Reasoning(whole, piece)));
        }
        "reasoning_summary_part.added" if index(event, &["summary_index"]) > 0 => {
            sink(Delta::Reasoning(whole, "\n\n"));
        }
        "function_call_arguments.delta" | "custom_tool_call_input.delta" | "mcp_call_arguments.delta" => {
            let arguments = piece.unwrap_or_default();
            sink(Delta::Call { place: whole, id: None, name: None, arguments, whole: None });
        }
        "output_item.added" => {
            let added = at(event, "item").unwrap_or(&Json::Null);
            give(sink, is_asked(added).then_some(Delta::Asks));
            let name = text(added, &["name"]);
            if name.is_some() && text(added, &["type"]).is_some_and(|kind| kind.ends_with("call")) {
                let id = text(added, &["call_id", "id"]);
                sink(Delta::Call { place: whole, id, name, arguments: "", whole: None });
            }
        }
        "output_item.done" => {
            let mut parts: Vec<Part> = Vec::new();
            let done = at(event, "item").unwrap_or(&Json::Null);
            give(sink, is_asked(done).then_some(Delta::Asks));
            part::part(done, &mut parts, part::DEPTH);
            sink(Delta::Item(item, parts));
        }
        "completed" | "incomplete" | "failed" | "done" | "cancelled" => {
            let response = at(event, "response").and_then(Response::read);
            if let Some(response) = response {
                sink(Delta::Answer(Box::new(response)));
            }
            if kind == "failed" {
                sink(Delta::Finish(0, FinishReason::Error));
            }
            sink(Delta::End);
        }
        _ => {}
    }
    true
}
