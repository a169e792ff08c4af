//! What one chunk of a stream comes to, whatever its form.

use serde_json::Value as Json;

use crate::failure::Failure;
use crate::json::{at, first, text};
use crate::message::Part;
use crate::response::{failure_of, of_id};
use crate::{FinishReason, Provider, Response, Usage};

/// Where a block stands; the last number is for those that a stream gives one place.
pub(super) type Key = (u64, u64, u64);

/// Where a piece belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There; blocks stand in the order of these keys.
    At((u64, u64)),
    /// With the last block if that is of its kind, else behind it.
    Next,
    /// The same among the blocks whose key begins so.
    Among(u64),
}

impl Place {
    /// Whether a block that stands there may be meant.
    pub(super) fn holds(self, (block, index, _): Key) -> bool {
        match self {
            Self::At(place) => place == (block, index),
            Self::Next => true,
            Self::Among(among) => among == block,
        }
    }

    /// The place of an index that a piece states, if it states one.
    pub(super) fn of_index(block: u64, piece: &Json) -> Self {
        match at(piece, "index").and_then(Json::as_u64) {
            Some(index) => Self::At((block, index)),
            None => Self::Among(block),
        }
    }
}

/// What one chunk holds.
#[derive(Debug)]
pub(super) enum Delta<'a> {
    Id(&'a str),
    Model(&'a str),
    Provider(Provider),
    Usage(Box<Usage>),
    /// Tokens beside those that came before.
    MoreUsage(Box<Usage>),
    /// Why a choice ended.
    Finish(u64, FinishReason),
    Error(Failure),
    /// It ended, for the calls that it asks for if there are any.
    Completed,
    /// An item is a call that the program must carry out.
    Asks,
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

/// What every form has at the same places.
pub(super) fn common<'a>(value: &'a Json, ids: &[&str], models: &[&str], sink: &mut Sink<'_, 'a>) {
    origin(value, ids, models, sink);
    give(sink, Usage::read(value).map(|usage| Delta::Usage(Box::new(usage))));
}

/// The same without the tokens.
pub(super) fn origin<'a>(value: &'a Json, ids: &[&str], models: &[&str], sink: &mut Sink<'_, 'a>) {
    if let Some(id) = text(value, ids) {
        give(sink, of_id(id).map(Delta::Provider));
        sink(Delta::Id(id));
    }
    give(sink, text(value, models).map(Delta::Model));
    give(sink, failure_of(value).map(Delta::Error));
}

/// Why a choice ended, where it gives that.
pub(super) fn finish<'a>(choice: u64, value: Option<&'a Json>, sink: &mut Sink<'_, 'a>) {
    if let Some(reason) = value.and_then(FinishReason::read) {
        sink(Delta::Finish(choice, reason));
    }
}

/// The index that a piece states.
pub(super) fn index(value: &Json, paths: &[&str]) -> u64 {
    first(value, paths).and_then(Json::as_u64).unwrap_or(0)
}
