//! Anthropic's events.

use serde_json::Value as Json;

use super::delta::{Delta, Place, Sink, common, finish, give, index};
use crate::Usage;
use crate::failure::Failure;
use crate::json::{at, text};
use crate::part;

pub(super) fn event<'a>(kind: &'a str, event: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    let place = Place::At((index(event, &["index"]), 0));
    match kind {
        "message_start" => {
            let message = at(event, "message").unwrap_or(&Json::Null);
            common(message, &["id"], &["model"], sink);
            finish(0, at(message, "stop_reason"), sink);
        }
        "content_block_start" => block(at(event, "content_block").unwrap_or(&Json::Null), place, sink),
        "content_block_delta" => {
            let delta = at(event, "delta").unwrap_or(&Json::Null);
            if let Some(piece) = text(delta, &["text"]) {
                sink(Delta::Text(place, piece));
            } else if let Some(thought) = text(delta, &["thinking"]) {
                sink(Delta::Reasoning(place, thought));
            } else if let Some(arguments) = text(delta, &["partial_json"]) {
                sink(Delta::Call { place, id: None, name: None, arguments, whole: None });
            }
        }
        "message_delta" => {
            give(sink, Usage::read(event).map(|usage| Delta::Usage(Box::new(usage))));
            finish(0, at(event, "delta.stop_reason"), sink);
        }
        "message_stop" => sink(Delta::End),
        "content_block_stop" | "ping" => {}
        // Also that of the Responses API and of Vercel's SDK.
        "error" => {
            common(event, &[], &[], sink);
            give(sink, Failure::of_event(event).map(Delta::Error));
        }
        _ => return false,
    }
    true
}

/// A block as it begins, or one that comes whole.
fn block<'a>(block: &'a Json, place: Place, sink: &mut Sink<'_, 'a>) {
    match text(block, &["type"]) {
        Some("text") => sink(Delta::Text(place, text(block, &["text"]).unwrap_or_default())),
        Some("thinking") => sink(Delta::Reasoning(place, text(block, &["thinking"]).unwrap_or_default())),
        Some(kind) if kind.ends_with("tool_use") => {
            let whole = at(block, "input").cloned();
            sink(Delta::Call {
                place,
                id: text(block, &["id"]),
                name: text(block, &["name"]),
                arguments: "",
                whole,
            });
        }
        Some(_) => {
            let mut parts = Vec::new();
            part::part(block, &mut parts, part::DEPTH);
            sink(Delta::Parts(place, parts));
        }
        None => {}
    }
}
