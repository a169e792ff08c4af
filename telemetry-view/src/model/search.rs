//! Finding a text in whatever events hold.

use std::collections::HashMap;

use telemetry_runtime::Json;

use super::{Model, Span};
use telemetry_runtime::recording::{EventLine, Hash};

/// A text to look for, whatever its case.
///
/// ```
/// use telemetry_view::Query;
///
/// assert!(Query::new("oslo").is_in("The weather in Oslo"));
/// ```
#[derive(Clone, Debug)]
pub struct Query {
    /// As it is looked for in values.
    folded: String,
    /// As it stands in JSON.
    escaped: String,
}

impl Query {
    /// Looks for `text`.
    pub fn new(text: &str) -> Self {
        let folded = fold(text);
        let quoted = Json::from(folded.as_str()).to_string();
        let escaped = quoted[1..quoted.len() - 1].to_owned();
        Self { folded, escaped }
    }

    /// Whether a text holds it.
    pub fn is_in(&self, text: &str) -> bool {
        holds(text, &self.folded)
    }

    /// Whether some value inside, though not its keys, holds it.
    fn is_in_value(&self, value: &Json) -> bool {
        match value {
            Json::String(text) => self.is_in(text),
            Json::Array(items) => items.iter().any(|item| self.is_in_value(item)),
            Json::Object(map) => map.values().any(|value| self.is_in_value(value)),
            Json::Number(number) => self.is_in(&number.to_string()),
            Json::Bool(_) | Json::Null => false,
        }
    }

    fn is_in_json(&self, text: &str) -> bool {
        // Most texts do not hold it at all, and need not be read.
        holds(text, &self.escaped)
            && serde_json::from_str::<Json>(text).is_ok_and(|value| self.is_in_value(&value))
    }

    fn is_in_line(&self, line: &str) -> bool {
        holds(line, &self.escaped)
            && serde_json::from_str::<EventLine>(line).is_ok_and(|event| {
                self.is_in(&event.event)
                    || event.description.is_some_and(|text| self.is_in(&text))
                    || event.metadata.values().any(|value| self.is_in_value(value))
            })
    }
}

/// The same for all spellings of a text that differ in case alone.
fn fold(text: &str) -> String {
    // By way of upper case, which makes one of the two small sigmas.
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

fn holds(text: &str, folded: &str) -> bool {
    if !folded.is_ascii() {
        return fold(text).contains(folded);
    }
    let Some((first, rest)) = folded.as_bytes().split_first() else { return true };
    let text = text.as_bytes();
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text)
        .any(|at| text.get(at + 1..at + 1 + rest.len()).is_some_and(|found| found.eq_ignore_ascii_case(rest)))
}

/// A search that goes on in steps, so that the model is not held for long.
///
/// ```
/// use telemetry_view::{Model, Query, Search};
///
/// let model = Model::new(1 << 20);
/// let (mut search, mut found) = (Search::new(Query::new("oslo")), Vec::new());
/// while search.step(&model, 1000, &mut found) {}
/// assert!(found.is_empty());
/// ```
#[derive(Debug)]
pub struct Search {
    query: Query,
    seen: HashMap<Hash, bool>,
    next: u32,
}

impl Search {
    /// A search from the beginning.
    pub fn new(query: Query) -> Self {
        Self { query, seen: HashMap::new(), next: 0 }
    }

    /// Looks at the next `count` spans and adds those that hold the text. False when there are no more.
    pub fn step(&mut self, model: &Model, count: u32, found: &mut Vec<u32>) -> bool {
        let end = self.next.saturating_add(count).min(model.next_span);
        for number in self.next..end {
            if model.spans.get(&number).is_some_and(|span| self.is_in_span(model, span)) {
                found.push(number);
            }
        }
        self.next = end;
        end < model.next_span
    }

    fn is_in_span(&mut self, model: &Model, span: &Span) -> bool {
        span.own_lines().any(|line| self.query.is_in_line(line))
            || span.refs.iter().any(|hash| self.is_in_content(model, *hash))
    }

    fn is_in_content(&mut self, model: &Model, hash: Hash) -> bool {
        let mut passed = Vec::new();
        let mut next = Some(hash);
        let mut found = false;
        while let Some(hash) = next {
            if let Some(known) = self.seen.get(&hash) {
                found = *known;
                break;
            }
            passed.push(hash);
            let Some(content) = model.contents.get(hash) else { break };
            if self.query.is_in_json(content.text()) {
                found = true;
                break;
            }
            next = content.after();
        }
        self.seen.extend(passed.into_iter().map(|hash| (hash, found)));
        found
    }
}
