//! The keys of a stream's items so far.

use serde::Serialize;
use telemetry_llm::{Response, ResponseStream, Usage};

use super::answer::{Answer, answer_keys, failure_of};
use super::stop::Stop;
use crate::value::{Captured, CapturedValue, tree_of};

/// The key of the reason why a model finished. A connection that broke leaves it out.
pub(super) const FINISH_REASON: &str = "finish_reason";

/// The key that holds a model's answer.
const ASSISTANT_MESSAGE: &str = "assistant_message";

/// The key that holds the tokens. Some providers give them in parts: what went in first, what came out last.
const USAGE: &str = "usage";

/// How many items are looked into for the first token, where the annotation has no `response`: a stream of an
/// unknown form is not serialised to its end.
const MAX_LOOKS: u32 = 64;

/// The keys of a stream's items so far: for each key its last value, and for the tokens the counts of all
/// items together.
#[derive(Default)]
pub struct ItemStop {
    keys: Vec<(&'static str, Captured<'static>)>,
    /// Of `KEY += EXPR`: the texts put together.
    texts: Vec<(&'static str, String)>,
    /// The tokens of all items, put together.
    usage: Option<Box<Usage>>,
    /// The text and type of the last item, if it was an `Err`.
    error: Option<(String, String)>,
    /// Whether some item was asked for the reason why a model finished.
    is_asked: bool,
    has_token: bool,
    looks: u32,
    /// Of `response`: the chunks put together.
    answer: Option<Box<ResponseStream>>,
}

impl ItemStop {
    /// The item is no `Err`.
    pub fn ok(&mut self) {
        self.error = None;
    }

    /// The item is an `Err`.
    pub fn fail(&mut self, (error, error_type): (String, String)) {
        self.error = Some((error, error_type));
    }

    /// Sets a key.
    pub fn record(&mut self, key: &'static str, value: Captured<'static>) {
        self.is_asked |= key == FINISH_REASON;
        self.has_token |= key == ASSISTANT_MESSAGE && is_content(&value);
        if let Captured::Absent = value {
            return;
        }
        if key == USAGE
            && let Some(read) = value.value().and_then(|value| Usage::read(&value.to_json()))
        {
            self.usage = Some(Box::new(self.usage.take().map_or(read, |known| known.merge(&read))));
        }
        match self.keys.iter_mut().find(|entry| entry.0 == key) {
            Some(entry) => entry.1 = value,
            None => self.keys.push((key, value)),
        }
    }

    /// Puts a text behind what the key has.
    pub fn append(&mut self, key: &'static str, value: Captured<'static>) {
        let Some(value) = value.value() else { return };
        let text = value.to_text();
        self.has_token |= !text.is_empty();
        match self.texts.iter_mut().find(|entry| entry.0 == key) {
            Some(entry) => entry.1.push_str(&text),
            None => self.texts.push((key, text)),
        }
    }

    /// The item is a chunk of a model's answer.
    pub fn response<T: Answer + ?Sized>(&mut self, chunk: &T) {
        if let Some(chunk) = tree_of(chunk) {
            self.has_token |= self.answer.get_or_insert_default().push(&chunk);
        }
    }

    /// Looks whether the item is the first with a token.
    fn look<T: Serialize + ?Sized>(&mut self, item: &T) {
        if !self.has_token && self.looks < MAX_LOOKS {
            self.looks += 1;
            self.has_token = tree_of(item).is_some_and(|chunk| telemetry_llm::has_token(&chunk));
        }
    }

    /// Whether some item had text, reasoning or a tool call.
    pub(super) fn has_token(&self) -> bool {
        self.has_token
    }

    /// Whether the items could have given a reason why the model finished.
    pub(super) fn asks_reason(&self) -> bool {
        let reads = self.answer.as_ref().is_some_and(|answer| answer.response().is_some());
        self.is_asked || reads && !self.is_complete()
    }

    /// Whether nothing more is to come: an `Err`, a finish reason, or an answer's last chunk.
    pub(super) fn is_complete(&self) -> bool {
        self.error.is_some()
            || self.keys.iter().any(|entry| entry.0 == FINISH_REASON)
            || self.answer.as_ref().is_some_and(|answer| answer.is_complete())
    }

    /// Fills a stop. Nothing is left here.
    pub(super) fn fill(&mut self, keys: &mut Stop<'_>) {
        let answer = self.answer.as_ref().and_then(|answer| answer.response());
        // The program's own error says what it made of the provider's.
        match self.error.take().or_else(|| failure_of(answer.as_ref()?)) {
            Some(error) => keys.fail(error),
            None => keys.ok(),
        }
        self.fill_keys(answer.as_ref(), keys);
    }

    /// Fills in what is known of a stream that was cut short. Nothing is left here.
    pub(super) fn fill_known(&mut self, keys: &mut Stop<'_>) {
        let answer = self.answer.as_ref().and_then(|answer| answer.response());
        self.fill_keys(answer.as_ref(), keys);
    }

    fn fill_keys(&mut self, answer: Option<&Response>, keys: &mut Stop<'_>) {
        let Self { keys: last_values, texts, usage, .. } = std::mem::take(self);
        if let Some(answer) = answer {
            for (key, value) in answer_keys(answer) {
                keys.record(key, value);
            }
        }
        for (key, text) in texts {
            keys.record(key, CapturedValue::Text(text.into()));
        }
        for (key, value) in last_values {
            // The last one stands as it is, unless those before it knew more.
            let last = || value.value().and_then(|value| Usage::read(&value.to_json()));
            match usage.as_deref().filter(|_| key == USAGE) {
                Some(usage) if last() != Some(*usage) => keys.record(key, CapturedValue::serialized(usage)),
                _ => keys.record(key, value),
            }
        }
    }
}

fn is_content(value: &Captured<'_>) -> bool {
    match value.value() {
        None => false,
        Some(value) => match value.as_str() {
            Some(text) => !text.is_empty(),
            None => !value.to_json().is_null(),
        },
    }
}

/// An item of a model's stream, at an annotation without `response`.
pub struct Chunk<'r, T: ?Sized>(pub &'r T);

/// An item that serialises can be looked into.
pub trait LookInto {
    /// Looks whether it is the first with a token.
    fn __telemetry_look(&self, items: &mut ItemStop);
}

impl<T: Serialize + ?Sized> LookInto for &Chunk<'_, T> {
    fn __telemetry_look(&self, items: &mut ItemStop) {
        items.look(self.0);
    }
}

/// An item that does not serialise adds no key.
pub trait LookPast {
    /// Does nothing.
    fn __telemetry_look(&self, items: &mut ItemStop);
}

impl<T: ?Sized> LookPast for Chunk<'_, T> {
    fn __telemetry_look(&self, _: &mut ItemStop) {}
}
