//! Answers that come in pieces.

mod anthropic;
mod chunk;
mod clouds;
mod delta;
mod libraries;
mod openai;

use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};

use crate::failure::Failure;
use crate::message::{Message, Part, Role, ToolCall};
use crate::part::arguments_of;
use crate::text::head;
use crate::{FinishReason, Provider, Response, Usage};
use delta::{Delta, Key, Place};

/// The most bytes of text that are kept of one answer; what comes after is left out.
const MAX_BYTES: usize = 16 << 20;

/// An answer that is put together from a stream's chunks, in any provider's form.
///
/// ```
/// use telemetry_llm::{FinishReason, ResponseStream};
/// use serde_json::json;
///
/// let mut stream = ResponseStream::new();
/// stream.push(&json!({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": "It is "}}]}));
/// stream.push(&json!({"choices": [{"index": 0, "delta": {"content": "cold."}, "finish_reason": "stop"}]}));
/// assert!(stream.is_complete());
/// stream.push(&json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}));
///
/// let response = stream.response().unwrap();
/// assert_eq!(response.message.unwrap().text().as_deref(), Some("It is cold."));
/// assert_eq!(response.finish_reasons, [FinishReason::Stop]);
/// assert_eq!(response.usage.unwrap().output, Some(4));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ResponseStream {
    id: Option<String>,
    model: Option<String>,
    provider: Option<Provider>,
    usage: Option<Usage>,
    finish: BTreeMap<u64, FinishReason>,
    failure: Option<Failure>,
    blocks: BTreeMap<Key, Block>,
    /// Where the last block stands that was added at the end.
    last: Option<Key>,
    /// Where the call stands of which the last piece came, and the newest call of each id.
    last_call: Option<Key>,
    calls: HashMap<String, Key>,
    asks: bool,
    ended: bool,
    known: bool,
    bytes: usize,
}

/// A part that is being put together.
#[derive(Clone, Debug)]
enum Block {
    Text(String),
    Reasoning { content: String, redacted: bool },
    Call { id: Option<String>, name: Option<String>, arguments: String, whole: Option<Json> },
    Whole(Vec<Part>),
}

/// Whether a chunk of a stream has something that the model wrote: text, reasoning or a call of a
/// tool. The first such chunk is the answer's first token; chunks that only open a stream, or keep
/// it open, do not count.
///
/// ```
/// use telemetry_llm::has_token;
/// use serde_json::json;
///
/// assert!(!has_token(&json!({"choices": [{"delta": {"role": "assistant", "content": ""}}]})));
/// assert!(has_token(&json!({"choices": [{"delta": {"content": "It"}}]})));
/// assert!(has_token(&json!({"type": "response.function_call_arguments.delta", "delta": "{\""})));
/// ```
pub fn has_token(chunk: &Json) -> bool {
    let mut token = false;
    chunk::read(chunk, &mut |delta| token |= delta.is_token());
    token
}

impl ResponseStream {
    /// A stream of which nothing came yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next chunk. Returns whether it has a token, as [`has_token`] does. A chunk of no known
    /// form is left out.
    pub fn push(&mut self, chunk: &Json) -> bool {
        let mut token = false;
        self.known |= chunk::read(chunk, &mut |delta| {
            token |= delta.is_token();
            self.apply(delta);
        });
        token
    }

    /// Whether the answer is complete: it has a finish reason, or its last event came.
    pub fn is_complete(&self) -> bool {
        self.ended || self.failure.is_some() || self.finish.contains_key(&0)
    }

    /// The answer as far as it came; `None` as long as no chunk was of a known form.
    pub fn response(&self) -> Option<Response> {
        if !self.known {
            return None;
        }
        let parts: Vec<Part> = self.blocks.values().flat_map(Block::parts).collect();
        let mut finish_reasons: Vec<_> = self.finish.values().cloned().collect();
        if self.failure.is_some() && finish_reasons.is_empty() {
            finish_reasons.push(FinishReason::Error);
        }
        let mut message = Message::new(Role::Assistant, parts);
        message.finish_reason = finish_reasons.first().cloned();
        let says = !message.parts.is_empty() || message.finish_reason.is_some();
        let response = Response {
            id: self.id.clone(),
            model: self.model.clone(),
            provider: self.provider.clone().or_else(|| self.model.as_deref().and_then(Provider::of)),
            message: says.then_some(message),
            usage: self.usage,
            finish_reasons,
            error: self.failure.as_ref().map(|failure| failure.text.clone()),
            error_type: self.failure.as_ref().and_then(|failure| failure.kind.clone()),
            ..Response::default()
        };
        Some(response.with_calls())
    }

    fn apply(&mut self, delta: Delta<'_>) {
        match delta {
            Delta::Id(id) => self.id = Some(id.to_owned()),
            Delta::Model(model) => self.model = Some(model.to_owned()),
            Delta::Provider(provider) => self.provider = Some(provider),
            Delta::Usage(usage) => {
                self.usage = Some(self.usage.map_or(*usage, |known| known.merge(&usage)));
            }
            Delta::MoreUsage(usage) => {
                self.usage = Some(self.usage.map_or(*usage, |known| known.plus(&usage)));
            }
            Delta::Finish(choice, reason) => {
                self.finish.insert(choice, reason);
            }
            Delta::Error(failure) => {
                self.failure.get_or_insert(failure);
            }
            Delta::Completed => {
                self.finish.insert(0, if self.asks { FinishReason::ToolCall } else { FinishReason::Stop });
            }
            Delta::Asks => self.asks = true,
            Delta::End => self.ended = true,
            Delta::Break => self.last = None,
            Delta::Text(place, piece) => {
                let piece = self.room(piece);
                if let Block::Text(text) =
                    self.block(place, |block| matches!(block, Block::Text(_)), Block::text)
                {
                    text.push_str(piece);
                }
            }
            Delta::Reasoning(place, piece) => {
                let piece = self.room(piece);
                let is = |block: &Block| matches!(block, Block::Reasoning { .. });
                if let Block::Reasoning { content, .. } = self.block(place, is, Block::reasoning) {
                    content.push_str(piece);
                }
            }
            Delta::Redacted(place) => {
                let is = |block: &Block| matches!(block, Block::Reasoning { .. });
                if let Block::Reasoning { redacted, .. } = self.block(place, is, Block::reasoning) {
                    *redacted = true;
                }
            }
            Delta::Call { place, id, name, arguments, whole } => {
                let arguments = self.room(arguments);
                let whole = match whole {
                    Some(Json::String(so_far)) => Some(Json::from(self.room(&so_far))),
                    whole => whole,
                };
                let key = self.key_of_call(place, id, name);
                self.last = Some(key);
                self.last_call = Some(key);
                let is = |block: &Block| matches!(block, Block::Call { .. });
                if let Block::Call { id: known_id, name: known_name, arguments: known, whole: known_whole } =
                    self.block_at(key, is, Block::call)
                {
                    let first_id = id.filter(|_| known_id.is_none());
                    *known_id = known_id.take().or_else(|| id.map(str::to_owned));
                    *known_name = known_name.take().or_else(|| name.map(str::to_owned));
                    match whole {
                        // Arguments as far as they came, in the place of what came before.
                        Some(Json::String(so_far)) => *known = so_far,
                        whole => {
                            known.push_str(arguments);
                            *known_whole = whole.or(known_whole.take());
                        }
                    }
                    if let Some(id) = first_id {
                        self.calls.insert(id.to_owned(), key);
                    }
                }
            }
            Delta::Parts(place, parts) => {
                if let Block::Whole(known) = self.block(place, |_| false, || Block::Whole(Vec::new())) {
                    *known = parts;
                }
            }
            Delta::Item(index, parts) => {
                let old: Vec<_> = self
                    .blocks
                    .range((index, 0, 0)..=(index, u64::MAX, u64::MAX))
                    .map(|(key, _)| *key)
                    .collect();
                for key in old {
                    self.blocks.remove(&key);
                }
                self.blocks.insert((index, 0, 0), Block::Whole(parts));
            }
            Delta::Answer(answer) => self.whole(*answer),
        }
    }

    /// An answer that came whole replaces what was put together from pieces.
    fn whole(&mut self, answer: Response) {
        self.id = answer.id.or(self.id.take());
        self.model = answer.model.or(self.model.take());
        self.provider = answer.provider.or(self.provider.take());
        if let Some(usage) = answer.usage {
            self.apply(Delta::Usage(Box::new(usage)));
        }
        let failure = answer.error.map(|text| Failure { text, kind: answer.error_type });
        self.failure = self.failure.take().or(failure);
        let message = answer.message.filter(|message| !message.parts.is_empty());
        let says = message.is_some();
        if let Some(message) = message {
            self.blocks.clear();
            self.blocks.insert((0, 0, 0), Block::Whole(message.parts));
            self.last = None;
        }
        if !answer.finish_reasons.is_empty() {
            self.finish = (0..).zip(answer.finish_reasons).collect();
        }
        // A response whose items came before, and are not in its last event, is only `completed`.
        if self.asks && !says && self.finish.get(&0) == Some(&FinishReason::Stop) {
            self.apply(Delta::Completed);
        }
    }

    /// The block at a place, a new one if there is no block of that kind.
    fn block(
        &mut self,
        place: Place,
        fits: impl Fn(&Block) -> bool,
        new: impl FnOnce() -> Block,
    ) -> &mut Block {
        let key = match place {
            Place::At(place) => self.newest(place).unwrap_or((place.0, place.1, 0)),
            // Behind all others, unless the last of them goes on.
            Place::Next | Place::Among(_) => {
                let last = self.last.filter(|last| self.blocks.get(last).is_some_and(&fits));
                last.unwrap_or_else(|| self.behind(place))
            }
        };
        self.last = Some(key);
        self.block_at(key, fits, new)
    }

    fn block_at(
        &mut self,
        key: Key,
        fits: impl Fn(&Block) -> bool,
        new: impl FnOnce() -> Block,
    ) -> &mut Block {
        let goes_on = self.blocks.get(&key).is_some_and(fits);
        if !goes_on {
            self.blocks.insert(key, new());
        }
        self.blocks.entry(key).or_insert_with(Block::text)
    }

    /// The newest of the blocks that a stream gives one place.
    fn newest(&self, (block, index): (u64, u64)) -> Option<Key> {
        self.blocks.range((block, index, 0)..=(block, index, u64::MAX)).next_back().map(|(key, _)| *key)
    }

    /// The key of a new block.
    fn behind(&self, place: Place) -> Key {
        match place {
            Place::At(place) => match self.newest(place) {
                Some((block, index, nth)) => (block, index, nth.saturating_add(1)),
                None => (place.0, place.1, 0),
            },
            Place::Among(block) => {
                let last = self.blocks.range((block, 0, 0)..=(block, u64::MAX, u64::MAX)).next_back();
                (block, last.map_or(0, |((_, index, _), _)| index.saturating_add(1)), 0)
            }
            Place::Next => {
                (self.blocks.last_key_value().map_or(0, |((block, ..), _)| block.saturating_add(1)), 0, 0)
            }
        }
    }

    /// Where a piece of a call belongs: with the call of its id, else with the last call of its place,
    /// unless it begins one of its own.
    fn key_of_call(&self, place: Place, id: Option<&str>, name: Option<&str>) -> Key {
        let known_id = |key: Key| match self.blocks.get(&key) {
            Some(Block::Call { id, .. }) => Some(id.as_deref()),
            _ => None,
        };
        if let Some(key) = id.and_then(|id| self.calls.get(id)).copied()
            && known_id(key) == Some(id)
            && place.holds(key)
        {
            return key;
        }
        let last = match place {
            Place::At(place) => self.newest(place),
            Place::Next | Place::Among(_) => self.last_call.filter(|key| known_id(*key).is_some()),
        };
        let Some(last) = last else { return self.behind(place) };
        // Some servers give all calls one index, and some make up an id for each piece: a call begins
        // with an id and a name. Without an index a name is enough.
        let begins = match (place, known_id(last)) {
            (Place::At(_), Some(Some(known))) => name.is_some() && id.is_some_and(|id| id != known),
            (Place::At(_), _) => false,
            (Place::Next | Place::Among(_), _) => name.is_some(),
        };
        if begins { self.behind(place) } else { last }
    }

    /// As much of a text as there is room for.
    fn room<'t>(&mut self, text: &'t str) -> &'t str {
        let text = head(text, MAX_BYTES.saturating_sub(self.bytes));
        self.bytes += text.len();
        text
    }
}

impl Block {
    fn text() -> Self {
        Self::Text(String::new())
    }

    fn reasoning() -> Self {
        Self::Reasoning { content: String::new(), redacted: false }
    }

    fn call() -> Self {
        Self::Call { id: None, name: None, arguments: String::new(), whole: None }
    }

    fn parts(&self) -> Vec<Part> {
        match self {
            Self::Text(text) if text.is_empty() => Vec::new(),
            Self::Text(text) => vec![Part::text(text)],
            Self::Reasoning { content, redacted } => {
                vec![Part::Reasoning { content: content.clone(), redacted: *redacted && content.is_empty() }]
            }
            // Arguments without a name are not a call.
            Self::Call { name: None, .. } => Vec::new(),
            Self::Call { id, name: Some(name), arguments, whole } => {
                let arguments = match whole {
                    Some(whole) if arguments.is_empty() => whole.clone(),
                    _ => arguments_of(&Json::from(arguments.as_str())),
                };
                vec![Part::ToolCall(ToolCall::new(id.clone(), name, arguments))]
            }
            Self::Whole(parts) => parts.clone(),
        }
    }
}
