//! Everything of one span, and everything of all.

use std::collections::HashSet;

use serde::Serialize;
use telemetry_runtime::{Json, OwnedEvent};

use super::{Model, Span};
use telemetry_runtime::recording::{Content, EventLine, Hash, Line, value_of, whole_event};

/// A span's events, whole.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// The event that it began with.
    pub start: Option<OwnedEvent>,
    /// The event that it ended with; a single event itself.
    pub end: Option<OwnedEvent>,
}

impl Model {
    /// A span's events, whole.
    pub fn detail(&self, number: u32) -> Option<Detail> {
        let span = self.spans.get(&number)?;
        let whole = |line: &Option<Box<str>>| {
            let event: EventLine = serde_json::from_str(line.as_deref()?).ok()?;
            whole_event(event, |hash| self.contents.get(hash))
        };
        Some(Detail { start: whole(&span.start_line), end: whole(&span.end_line) })
    }

    /// A shared value.
    pub(super) fn shared(&self, hash: Hash) -> Option<Json> {
        value_of(hash, &|hash| self.contents.get(hash))
    }

    /// All events as the lines of a recording, each shared value before the events that need it.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.numbered_lines().map(|(_, line)| line)
    }

    /// The same, with the number of the span of each event.
    pub(crate) fn numbered_lines(&self) -> impl Iterator<Item = (Option<u32>, String)> + '_ {
        let mut written: HashSet<Hash> = HashSet::new();
        let mut numbers: Vec<u32> = self.spans.keys().copied().collect();
        numbers.sort_unstable();
        numbers.into_iter().flat_map(move |number| {
            let span = &self.spans[&number];
            let mut lines = Vec::new();
            for hash in &span.refs {
                self.write_content(*hash, &mut written, &mut lines);
            }
            let own = span.own_lines().map(|line| (Some(number), line.to_owned()));
            lines.into_iter().map(|line| (None, line)).chain(own).collect::<Vec<_>>()
        })
    }

    fn write_content(&self, hash: Hash, written: &mut HashSet<Hash>, lines: &mut Vec<String>) {
        let mut chain: Vec<(Hash, &Content)> = Vec::new();
        let mut next = Some(hash);
        while let Some(hash) = next.filter(|hash| written.insert(*hash)) {
            let Some(content) = self.contents.get(hash) else { break };
            chain.push((hash, content));
            next = content.after();
        }
        for (hash, content) in chain.into_iter().rev() {
            let mut line = Vec::new();
            Line::Content(hash, content.clone()).write(&mut line);
            line.pop();
            lines.push(String::from_utf8_lossy(&line).into_owned());
        }
    }
}

impl Span {
    /// The span's events as lines of a recording.
    pub(crate) fn own_lines(&self) -> impl Iterator<Item = &str> {
        self.start_line.as_deref().into_iter().chain(self.end_line.as_deref())
    }
}
