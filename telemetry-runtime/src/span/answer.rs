//! The keys that are read from a model's answer: the word `response`.

use serde::Serialize;
use serde_json::Value as Json;
use telemetry_llm::{Response, ResponseStream};

use super::stop::Stop;
use crate::capture::UNKNOWN;
use crate::value::{Captured, CapturedValue, tree_of};

/// A value that can be read as a model's answer: any that serialises.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read as a model's answer: it does not implement `Serialize`",
    label = "`response` reads a value through its `Serialize`",
    note = "derive `serde::Serialize` for it, or give the part that has it: `response(|reply| &reply.raw)`"
)]
pub trait Answer: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> Answer for T {}

impl Stop<'_> {
    /// Sets the keys of a model's answer, of any provider's form. A value of no known form sets none.
    pub fn response<T: Answer + ?Sized>(&mut self, value: &T) {
        let Some(tree) = tree_of(value) else { return };
        let Some(answer) = Response::read(&tree) else { return };
        for (key, value) in answer_keys(&answer) {
            self.record(key, value);
        }
        if let Some(error) = answer.error {
            self.fail((error, error_type(&tree).unwrap_or_else(unknown)));
        }
    }
}

/// The chunks of a model's answer, put together.
#[derive(Default)]
pub(super) struct AnswerSoFar {
    chunks: ResponseStream,
    /// The kind of error that a chunk gave.
    error_type: Option<String>,
}

impl AnswerSoFar {
    /// Takes one more chunk. Returns whether it has text, reasoning or a tool call.
    pub(super) fn push(&mut self, chunk: &Json) -> bool {
        let has_token = self.chunks.push(chunk);
        if self.chunks.is_complete() && self.error_type.is_none() {
            self.error_type = error_type(chunk);
        }
        has_token
    }

    /// Whether nothing more is to come.
    pub(super) fn is_complete(&self) -> bool {
        self.chunks.is_complete()
    }

    /// The answer as far as it came.
    pub(super) fn response(&self) -> Option<Response> {
        self.chunks.response()
    }

    /// The text and the kind of the error that the answer has.
    pub(super) fn failure(&mut self, answer: &mut Response) -> Option<(String, String)> {
        let error = answer.error.take()?;
        Some((error, self.error_type.take().unwrap_or_else(unknown)))
    }
}

fn unknown() -> String {
    UNKNOWN.to_owned()
}

/// How deep in an answer its error is looked for: in what holds the answer, in one of its choices.
const DEPTH: u8 = 2;

/// How many entries of an answer are looked into for its error.
const MAX_ENTRIES: usize = 32;

/// The kind of error that a provider gives: a word of a few, or the number of a status.
fn error_type(answer: &Json) -> Option<String> {
    error_type_within(answer, DEPTH)
}

fn error_type_within(value: &Json, depth: u8) -> Option<String> {
    // A code in words says more than a type.
    let own = |error| word(error, &["code", "status", "type"]);
    let beside = |event| word(event, &["code", "error_type"]);
    match value {
        Json::Object(map) => match map.get("error") {
            Some(error @ Json::Object(_)) => own(error).or_else(|| own(error.get("error")?)),
            Some(Json::String(_)) => beside(value),
            _ if map.get("type").is_some_and(|kind| kind == "error") => beside(value),
            _ => {
                let depth = depth.checked_sub(1)?;
                map.values().take(MAX_ENTRIES).find_map(|held| error_type_within(held, depth))
            }
        },
        Json::Array(items) => {
            let depth = depth.checked_sub(1)?;
            items.iter().take(MAX_ENTRIES).find_map(|held| error_type_within(held, depth))
        }
        _ => None,
    }
}

/// The first of those keys that is a word; else the first that is a number.
fn word(error: &Json, keys: &[&str]) -> Option<String> {
    let mut stated = keys.iter().filter_map(|key| error.get(key));
    let numbers = stated.clone().filter_map(Json::as_i64).map(|number| number.to_string());
    let word = stated.find_map(|value| value.as_str().filter(|text| is_word(text)));
    word.map(str::to_owned).or_else(|| { numbers }.next())
}

/// Whether a text is a word for a kind, rather than a sentence or an id.
fn is_word(text: &str) -> bool {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(is_of_word)
}

/// The documented keys of an answer; a key that it lacks is absent.
pub(super) fn answer_keys(answer: &Response) -> [(&'static str, Captured<'static>); 5] {
    let text =
        |text: Option<&str>| text.map_or(CapturedValue::Absent, |text| CapturedValue::Text(text.into()));
    fn tree<T: Serialize>(value: Option<&T>) -> Captured<'static> {
        value.map_or(CapturedValue::Absent, CapturedValue::serialized)
    }
    [
        ("assistant_message", tree(answer.message.as_ref())),
        ("usage", tree(answer.usage.as_ref())),
        ("finish_reason", text(answer.finish_reasons.first().map(telemetry_llm::FinishReason::as_str))),
        ("response_model", text(answer.model.as_deref())),
        ("response_id", text(answer.id.as_deref())),
    ]
}
