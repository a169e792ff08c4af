//! Which form a chunk is of.

use serde_json::Value as Json;

use super::delta::{Delta, Place, Sink, give};
use super::{anthropic, clouds, libraries, openai};
use crate::Response;
use crate::json::{at, get, text};

/// Reads a chunk; false if it is of no known form.
pub(super) fn read<'a>(chunk: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    read_within(chunk, sink, 2)
}

/// Where a value holds a chunk, if it is not one.
const HOLDERS: &[&str] = &["chunk", "event", "data", "raw", "response", "value", "Ok", "inner"];

fn read_within<'a>(chunk: &'a Json, sink: &mut Sink<'_, 'a>, depth: u8) -> bool {
    let map = match chunk {
        // Streams of bare text, and events that are a bare word.
        Json::String(text) if text == "Start" => return true,
        Json::String(text) => {
            sink(Delta::Text(Place::Next, text));
            return true;
        }
        Json::Object(map) => map,
        _ => return false,
    };
    if let Some(kind) = get(map, "type").and_then(Json::as_str) {
        let read = openai::responses_event(kind, chunk, sink)
            || anthropic::event(kind, chunk, sink)
            || clouds::cohere_event(kind, chunk, sink)
            || libraries::langchain(kind, chunk, sink)
            || libraries::vercel(kind, chunk, sink);
        if read {
            return true;
        }
    }
    let read = openai::chat_chunk(chunk, sink)
        || clouds::gemini(chunk, sink)
        || clouds::bedrock(chunk, sink)
        || clouds::ollama(chunk, sink)
        || libraries::genai(chunk, sink)
        || libraries::rig(chunk, sink);
    if read {
        return true;
    }
    if let Some(depth) = depth.checked_sub(1) {
        for key in HOLDERS {
            if get(map, key).is_some_and(|held| held.is_object() && read_within(held, sink, depth)) {
                return true;
            }
        }
    }
    whole(chunk, sink)
}

/// A whole answer, or a struct of the user's own.
fn whole<'a>(chunk: &'a Json, sink: &mut Sink<'_, 'a>) -> bool {
    let answer = Response::read(chunk);
    let piece = text(chunk, &["text", "delta", "content", "text_delta"]);
    let says = answer.as_ref().is_some_and(|answer| answer.message.is_some());
    let known = answer.is_some() || piece.is_some();
    // A piece with its usage beside it, rather than an answer.
    if let Some(mut answer) = answer {
        if piece.is_some() && !says || at(chunk, "delta").is_some() {
            answer.message = None;
        }
        let text = piece.filter(|_| answer.message.is_none());
        sink(Delta::Answer(Box::new(answer)));
        give(sink, text.map(|piece| Delta::Text(Place::Next, piece)));
    } else if let Some(piece) = piece {
        sink(Delta::Text(Place::Next, piece));
    }
    known
}
