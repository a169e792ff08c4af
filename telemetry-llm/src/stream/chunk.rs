//! Which form a chunk is of, and what all of them come to.

use super::{anthropic, clouds, libraries, openai};
use crate::json::{at, get, text};
use crate::message::Part;
use crate::response::{error_of, of_id};
use crate::{FinishReason, Json, Provider, Response, Usage};

/// Where a piece belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There; blocks stand in the order of these keys.
    At((u64, u64)),
    /// With the last block if that is of its kind, else behind it.
    Next,
}

/// What one chunk holds.
#[derive(Debug)]
pub(super) enum Delta<'a> {
    Id(&'a str),
    Model(&'a str),
    Provider(Provider),
    Usage(Box<Usage>),
    /// Why a choice ended.
    Finish(u64, FinishReason),
    Error(String),
    /// The stream's last event.
    End,
    /// What comes next is a block of its own.
    Break,
    Text(Place, &'a str),
    Reasoning(Place, &'a str),
    Redacted(Place),
    Call {
        place: Place,
        id: Option<&'a str>,
        name: Option<&'a str>,
        arguments: &'a str,
        whole: Option<Json>,
    },
    /// Whole parts, in the place of what was there.
    Parts(Place, Vec<Part>),
    /// A whole item, in the place of all pieces of it.
    Item(u64, Vec<Part>),
    /// A whole answer, or what a user's own struct knows of one.
    Answer(Box<Response>),
}

impl Delta<'_> {
    /// Whether it is output of the model.
    pub(super) fn is_token(&self) -> bool {
        let says = |part: &Part| match part {
            Part::Text { content } | Part::Reasoning { content, .. } => !content.is_empty(),
            Part::ToolCall(_) => true,
            _ => false,
        };
        match self {
            Self::Text(_, text) | Self::Reasoning(_, text) => !text.is_empty(),
            Self::Call { .. } => true,
            Self::Parts(_, parts) | Self::Item(_, parts) => parts.iter().any(says),
            Self::Answer(answer) => answer.message.iter().flat_map(|message| &message.parts).any(says),
            _ => false,
        }
    }
}

/// Receives each delta of a chunk.
pub(super) type Sink<'s, 'a> = dyn FnMut(Delta<'a>) + 's;

/// Passes on a delta, if there is one.
pub(super) fn give<'a>(sink: &mut Sink<'_, 'a>, delta: Option<Delta<'a>>) {
    if let Some(delta) = delta {
        sink(delta);
    }
}

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

/// What every form has at the same places.
pub(super) fn common<'a>(value: &'a Json, ids: &[&str], models: &[&str], sink: &mut Sink<'_, 'a>) {
    if let Some(id) = text(value, ids) {
        give(sink, of_id(id).map(Delta::Provider));
        sink(Delta::Id(id));
    }
    if let Some(model) = text(value, models) {
        sink(Delta::Model(model));
    }
    if let Some(usage) = Usage::read(value) {
        sink(Delta::Usage(Box::new(usage)));
    }
    if let Some(error) = error_of(value) {
        sink(Delta::Error(error));
    }
}

/// Why a choice ended, where it gives that.
pub(super) fn finish<'a>(choice: u64, value: Option<&'a Json>, sink: &mut Sink<'_, 'a>) {
    if let Some(reason) = value.and_then(FinishReason::read) {
        sink(Delta::Finish(choice, reason));
    }
}
