//! Reads a span's fields from its events.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;

use telemetry_runtime::Json;

use super::Model;
use super::span::{Kind, State};
use telemetry_runtime::recording::{Content, EventLine};

/// How many bytes of a value are shown beside a span's name.
const PREVIEW: usize = 120;
const ERROR: usize = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Start,
    Stop,
    Exception,
}

/// What a span's name begins with, and which of its events it is. `None` for what stands alone.
pub(super) fn phase_of(event: &EventLine) -> Option<(&str, Phase)> {
    let (prefix, last) = event.event.rsplit_once('.')?;
    event.span?;
    if event.event == "condukt.compact.stop" {
        return None;
    }
    match last {
        "start" => Some((prefix, Phase::Start)),
        "stop" => Some((prefix, Phase::Stop)),
        "exception" => Some((prefix, Phase::Exception)),
        _ => None,
    }
}

impl Model {
    pub(super) fn failure(&self, event: &EventLine, phase: Phase) -> (State, Option<Box<str>>) {
        let (failed, says) = match phase {
            Phase::Start => return (State::Running, None),
            Phase::Stop => (
                match text(event, "status") {
                    Some("error") => State::Failed,
                    Some("cancel" | "cancelled") => State::Cancelled,
                    None if event.metadata.get("success") == Some(&Json::Bool(false)) => State::Failed,
                    Some(_) | None => State::Done,
                },
                "error",
            ),
            Phase::Exception if text(event, "kind") == Some("cancelled") => (State::Cancelled, "reason"),
            Phase::Exception => (State::Failed, "reason"),
        };
        let says = (failed == State::Failed).then(|| self.value(event, says)).flatten();
        (failed, says.map(|error| first_words(&error, ERROR).into()))
    }

    /// The value of a key, wherever it is.
    pub(super) fn value(&self, event: &EventLine, key: &str) -> Option<Json> {
        match event.refs.get(key) {
            Some(hash) => self.shared(*hash),
            None => event.metadata.get(key).cloned(),
        }
    }

    /// The first words of the first of these keys that is there.
    pub(super) fn preview(&self, event: &EventLine, keys: &[&str]) -> Box<str> {
        let value = keys.iter().find_map(|key| self.value(event, key).filter(|value| !value.is_null()));
        value.map(|value| first_words(&value, PREVIEW)).unwrap_or_default().into()
    }

    /// An evaluation: what was judged, its score and its label.
    pub(super) fn verdict(event: &EventLine) -> Box<str> {
        let parts = [
            event.metadata.get("name"),
            event.measurements.get("score"),
            event.metadata.get("label"),
            event.metadata.get("error_type"),
            event.metadata.get("explanation"),
        ];
        let parts = parts.into_iter().flatten().map(|part| first_words(part, PREVIEW));
        first_words(&parts.collect::<Vec<_>>().join(" ").into(), PREVIEW).into()
    }

    pub(super) fn preview_of_own(event: &EventLine) -> Box<str> {
        const NOT: [&str; 8] =
            ["status", "error", "error_type", "kind", "reason", "stacktrace", "session_id", "agent"];
        let own: serde_json::Map<String, Json> = event
            .metadata
            .iter()
            .filter(|(key, _)| !NOT.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if own.is_empty() { "".into() } else { first_words(&own.into(), PREVIEW).into() }
    }

    /// The first words of the last message that a model was given.
    pub(super) fn last_words(&self, event: &EventLine) -> Box<str> {
        let last = match event.refs.get("messages").and_then(|hash| self.contents.get(*hash)) {
            Some(Content::List { items, .. }) => {
                serde_json::from_str::<Vec<Json>>(items.get()).ok().and_then(|mut items| items.pop())
            }
            _ => self.value(event, "messages").and_then(|mut messages| messages.as_array_mut()?.pop()),
        };
        last.map(|last| first_words(last.get("content").unwrap_or(&last), PREVIEW)).unwrap_or_default().into()
    }

    /// A digest of the first of these keys that is there.
    pub(super) fn digest(event: &EventLine, keys: &[&str]) -> u32 {
        let mut hasher = DefaultHasher::new();
        for key in keys {
            match (event.refs.get(*key), event.metadata.get(*key)) {
                // A shared value's name is the hash of its content.
                (Some(hash), _) => hash.hash(&mut hasher),
                (None, Some(value)) => {
                    let _ = serde_json::to_writer(Hashed(&mut hasher), value);
                }
                (None, None) => continue,
            }
            let [a, b, c, d, ..] = hasher.finish().to_be_bytes();
            return u32::from_be_bytes([a, b, c, d]).max(1);
        }
        0
    }
}

/// Hashes what is written.
struct Hashed<'h>(&'h mut DefaultHasher);

impl io::Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn nanos(event: &EventLine, key: &str) -> Option<u64> {
    event.measurements.get(key).and_then(Json::as_u64)
}

pub(super) fn integer(event: &EventLine, key: &str) -> Option<u64> {
    event.metadata.get(key).and_then(Json::as_u64)
}

pub(super) fn text<'e>(event: &'e EventLine, key: &str) -> Option<&'e str> {
    event.metadata.get(key).and_then(Json::as_str)
}

/// The last part of an agent's path: `Assistant` of `my_app::Assistant`. A path within `<..>` stays whole.
pub(super) fn short(agent: &str) -> &str {
    if agent.contains('<') { agent } else { agent.rsplit("::").next().unwrap_or(agent) }
}

pub(super) fn name_of(kind: Kind, prefix: &str, event: &EventLine) -> String {
    let key = match kind {
        Kind::Agent => "agent",
        Kind::Turn => "model",
        Kind::Tool => "tool",
        Kind::Subagent => "role",
        Kind::Operation => "operation",
        Kind::Iteration | Kind::Run | Kind::Evaluation | Kind::Span | Kind::Event => "",
    };
    match (kind, text(event, key)) {
        (Kind::Agent, Some(agent)) => short(agent).to_owned(),
        (_, Some(name)) => cut(name, 200).to_owned(),
        (Kind::Event, None) => {
            let documented = ["condukt.", "legion.", "telemetry."];
            documented.iter().find_map(|own| prefix.strip_prefix(own)).unwrap_or(prefix).to_owned()
        }
        (Kind::Span, None) => prefix.to_owned(),
        (_, None) => kind.as_str().to_owned(),
    }
}

/// The last place at or before `bytes` at which a character begins.
fn boundary(text: &str, bytes: usize) -> usize {
    (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The beginning of a text, at most so many bytes of it.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..boundary(text, bytes)]
}

/// The first words of a value, on one line.
pub(super) fn first_words(value: &Json, bytes: usize) -> String {
    let mut out = String::new();
    write_words(value, &mut out, bytes);
    let mut words = String::with_capacity(out.len().min(bytes));
    for word in out.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    if words.len() > bytes {
        words.truncate(boundary(&words, bytes));
        words.push('…');
    }
    words
}

/// Writes texts as they are and anything else as JSON, not much more than so many bytes.
fn write_words(value: &Json, out: &mut String, bytes: usize) {
    match value {
        Json::String(text) => out.push_str(cut(text, bytes * 2)),
        Json::Array(parts) => {
            // Messages may be in parts.
            let mut texts =
                parts.iter().filter_map(|part| part.get("text").and_then(Json::as_str)).peekable();
            if texts.peek().is_none() {
                return write_json(value, out, bytes);
            }
            for text in texts {
                if out.len() > bytes {
                    return;
                }
                out.push_str(cut(text, bytes * 2));
                out.push(' ');
            }
        }
        _ => write_json(value, out, bytes),
    }
}

fn write_json(value: &Json, out: &mut String, bytes: usize) {
    if out.len() > bytes {
        return;
    }
    match value {
        Json::Object(map) => {
            let mut separator = '{';
            for (key, value) in map {
                out.push(separator);
                out.push_str(&Json::from(cut(key, bytes)).to_string());
                out.push(':');
                write_json(value, out, bytes);
                separator = ',';
                if out.len() > bytes {
                    return;
                }
            }
            out.push_str(if separator == '{' { "{}" } else { "}" });
        }
        Json::Array(items) => {
            let mut separator = '[';
            for item in items {
                out.push(separator);
                write_json(item, out, bytes);
                separator = ',';
                if out.len() > bytes {
                    return;
                }
            }
            out.push_str(if separator == '[' { "[]" } else { "]" });
        }
        Json::String(text) => out.push_str(&Json::from(cut(text, bytes)).to_string()),
        _ => out.push_str(&value.to_string()),
    }
}
