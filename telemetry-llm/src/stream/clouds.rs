//! Gemini, Bedrock, Cohere and Ollama.

use serde_json::Value as Json;

use super::delta::{Delta, Place, Sink, common, finish, give, index};
use super::openai::piece_of_call;
use crate::failure::{Failure, is_word};
use crate::json::{at, first, text};
use crate::message::Part;
use crate::part;
use crate::{FinishReason, Provider, Response, Usage};

/// Gemini's chunks, each in the form of a whole answer.
pub(super) fn gemini<'a>(chunk: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    let candidates = at(chunk, "candidates").and_then(Json::as_array);
    let blocked = at(chunk, "prompt_feedback.block_reason");
    if candidates.is_none() && blocked.is_none() && at(chunk, "usage_metadata.prompt_token_count").is_none() {
        return false;
    }
    common(chunk, &["response_id", "id"], &["model_version"], sink);
    if let Some(reason) = blocked.and_then(FinishReason::read) {
        sink(Delta::Finish(0, reason));
    }
    for (position, candidate) in (0..).zip(candidates.into_iter().flatten()) {
        let which = first(candidate, &["index"]).and_then(Json::as_u64).unwrap_or(position);
        if which == 0 {
            let pieces = at(candidate, "content.parts").and_then(Json::as_array);
            pieces.into_iter().flatten().for_each(|piece| gemini_part(piece, sink));
        }
        finish(which, at(candidate, "finish_reason"), sink);
    }
    true
}

fn gemini_part<'a>(piece: &'a Json, sink: &mut Sink<'_, 'a>) {
    let is_thought = at(piece, "thought").and_then(Json::as_bool) == Some(true);
    match text(piece, &["text"]) {
        Some(thought) if is_thought => sink(Delta::Reasoning(Place::Next, thought)),
        Some(content) => sink(Delta::Text(Place::Next, content)),
        None => {
            let mut parts = Vec::new();
            part::part(piece, &mut parts, part::DEPTH);
            // An empty text is there for its signature alone.
            if !parts.is_empty() && at(piece, "text").is_none() {
                sink(Delta::Break);
                sink(Delta::Parts(Place::Next, parts));
            }
        }
    }
}

/// The events of Bedrock's `ConverseStream`, each a map with one key.
pub(super) fn bedrock<'a>(event: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    let Some((kind, held)) = event.as_object().and_then(|map| map.iter().find(|(_, held)| held.is_object()))
    else {
        return false;
    };
    let place = Place::At((index(held, &["contentBlockIndex"]), 0));
    match kind.as_str() {
        "messageStart" => sink(Delta::Provider(Provider::convention("aws.bedrock"))),
        "contentBlockStart" => {
            if let Some(call) = at(held, "start.toolUse") {
                let (id, name) = (text(call, &["toolUseId"]), text(call, &["name"]));
                sink(Delta::Call { place, id, name, arguments: "", whole: None });
            }
        }
        "contentBlockDelta" => {
            let delta = at(held, "delta").unwrap_or(&Json::Null);
            if let Some(piece) = text(delta, &["text"]) {
                sink(Delta::Text(place, piece));
            } else if let Some(arguments) = text(delta, &["toolUse.input"]) {
                sink(Delta::Call { place, id: None, name: None, arguments, whole: None });
            } else if let Some(thought) = text(delta, &["reasoningContent.text"]) {
                sink(Delta::Reasoning(place, thought));
            } else if at(delta, "reasoningContent.redactedContent").is_some() {
                sink(Delta::Redacted(place));
            }
        }
        "contentBlockStop" => {}
        "messageStop" => finish(0, at(held, "stopReason"), sink),
        "metadata" if at(held, "usage").is_some() => {
            common(held, &[], &["trace.promptRouter.invokedModelId"], sink);
            sink(Delta::End);
        }
        kind if kind.ends_with("Exception") => {
            let reason = text(held, &["message", "originalMessage"]).unwrap_or(kind);
            let kind = Some(kind).filter(|kind| is_word(kind)).map(str::to_owned);
            give(sink, Failure::stated(reason, kind).map(Delta::Error));
        }
        _ => return false,
    }
    true
}

/// Blocks of Cohere's answers, in the order of a whole message's parts.
const PLAN: u64 = 0;
const CONTENT: u64 = 1;
const CALLS: u64 = 2;

/// Cohere's events, of both its versions.
pub(super) fn cohere_event<'a>(kind: &'a str, event: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    let message = at(event, "delta.message").unwrap_or(&Json::Null);
    let at_index = |block| Place::At((block, index(event, &["index"])));
    match kind {
        "message-start" => common(event, &["id"], &[], sink),
        "tool-plan-delta" => {
            give(
                sink,
                text(message, &["tool_plan"]).map(|plan| Delta::Reasoning(Place::At((PLAN, 0)), plan)),
            );
        }
        "content-start" | "content-delta" => {
            if let Some(thought) = text(message, &["content.thinking"]) {
                sink(Delta::Reasoning(at_index(CONTENT), thought));
            } else if let Some(piece) = text(message, &["content.text"]) {
                sink(Delta::Text(at_index(CONTENT), piece));
            }
        }
        "tool-call-start" | "tool-call-delta" => {
            if let Some(call) = at(message, "tool_calls") {
                piece_of_call(call, at_index(CALLS), sink);
            }
        }
        "message-end" => {
            give(sink, Usage::read(event).map(|usage| Delta::Usage(Box::new(usage))));
            finish(0, at(event, "delta.finish_reason"), sink);
            let failure = text(event, &["delta.error"]).and_then(|reason| Failure::stated(reason, None));
            give(sink, failure.map(Delta::Error));
            sink(Delta::End);
        }
        "content-end" | "tool-call-end" | "citation-start" | "citation-end" => {}
        _ => return false,
    }
    true
}

/// Ollama's chunks, and Cohere's first version, whose events have other keys than a `type`.
pub(super) fn ollama<'a>(chunk: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    if let Some(kind) = text(chunk, &["event_type"]) {
        return cohere_first(kind, chunk, sink);
    }
    let Some(done) = at(chunk, "done").and_then(Json::as_bool) else { return false };
    let message = at(chunk, "message");
    let generated = text(chunk, &["response"]);
    if message.is_none() && generated.is_none() && !done {
        return false;
    }
    sink(Delta::Provider(Provider::convention("ollama")));
    common(chunk, &[], &["model"], sink);
    let message = message.unwrap_or(&Json::Null);
    let thought = text(message, &["thinking"]).or_else(|| text(chunk, &["thinking"]));
    give(sink, thought.map(|thought| Delta::Reasoning(Place::At((0, 0)), thought)));
    let piece = text(message, &["content"]).or(generated);
    give(sink, piece.map(|piece| Delta::Text(Place::At((1, 0)), piece)));
    for call in at(message, "tool_calls").and_then(Json::as_array).into_iter().flatten() {
        // Each comes whole.
        if let Some(call) = part::call(call) {
            sink(Delta::Break);
            sink(Delta::Parts(Place::Next, vec![Part::ToolCall(call)]));
        }
    }
    finish(0, at(chunk, "done_reason"), sink);
    if done {
        sink(Delta::End);
    }
    true
}

fn cohere_first<'a>(kind: &str, event: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    match kind {
        "stream-start" => common(event, &["generation_id"], &[], sink),
        "text-generation" => {
            give(sink, text(event, &["text"]).map(|piece| Delta::Text(Place::At((0, 0)), piece)));
        }
        "stream-end" => {
            let answer = at(event, "response").and_then(Response::read);
            give(sink, answer.map(|answer| Delta::Answer(Box::new(answer))));
            finish(0, at(event, "finish_reason"), sink);
            sink(Delta::End);
        }
        _ => {}
    }
    true
}
