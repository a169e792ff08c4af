//! What a provider gives as its failure, in an answer or in a stream.

use serde_json::Value as Json;

use crate::json::{at, first, text};

/// Where an answer or an event has its failure: OpenRouter's in a choice, Groq's in its own field, that of
/// OpenAI's realtime interface in the details of its status.
const PLACES: &[&str] =
    &["error", "response.error", "choices.0.error", "x_groq.error", "status_details.error"];

/// The most bytes of a failure's text.
const MAX_TEXT: usize = 4096;

/// The text and the kind of a failure.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) kind: Option<String>,
}

impl Failure {
    /// The failure that an answer or an event gives. In structs of other forms a text of that name need not be an error.
    pub(crate) fn of(value: &Json, has_form: impl FnOnce() -> bool) -> Option<Self> {
        let error = first(value, PLACES)?;
        match error {
            // Ollama's form, Hugging Face's.
            Json::String(reason)
                if value.as_object().is_some_and(|map| map.len() <= 2)
                    || at(value, "error_type").is_some()
                    || has_form() =>
            {
                Self::stated(reason, kind(value, &["code", "error_type"]))
            }
            Json::Object(_) => {
                let reason = text(error, &["message", "error.message", "detail", "msg"]);
                let own = kind(error, KINDS);
                Self::stated(
                    reason.or_else(|| text(error, &["type", "code"]))?,
                    own.or_else(|| kind(at(error, "error")?, KINDS)),
                )
            }
            _ => None,
        }
    }

    /// The failure that an event is.
    pub(crate) fn of_event(event: &Json) -> Option<Self> {
        Self::stated(text(event, &["message", "code", "error_text"])?, kind(event, &["code", "error_type"]))
    }

    pub(crate) fn stated(text: &str, kind: Option<String>) -> Option<Self> {
        (!text.is_empty()).then(|| Self { text: crate::text::head(text, MAX_TEXT).to_owned(), kind })
    }
}

/// A code in words says more than a type.
const KINDS: &[&str] = &["code", "status", "type"];

/// The first of those keys that is a word; else the first that is a number.
fn kind(error: &Json, keys: &[&str]) -> Option<String> {
    let stated = || keys.iter().filter_map(|key| at(error, key));
    let word = stated().find_map(|value| value.as_str().filter(|text| is_word(text)));
    let number = || stated().find_map(Json::as_i64).map(|number| number.to_string());
    word.map(str::to_owned).or_else(number)
}

/// Whether a text is a word for a kind, rather than a sentence.
pub(crate) fn is_word(text: &str) -> bool {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(is_of_word)
}
