//! Sessions and runs.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use telemetry_runtime::TraceId;

use super::span::{Kind, Span, State};
use super::totals::{Numbers, Tokens};

/// What makes spans belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A session's id.
    Session(String),
    /// The run of a Legion agent.
    Run(String),
    /// What has neither, by its trace.
    Trace(TraceId),
    /// What has nothing.
    Loose,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) | Self::Run(id) => f.write_str(id),
            Self::Trace(id) => id.fmt(f),
            Self::Loose => f.write_str("-"),
        }
    }
}

/// A session, or a run, as the model keeps it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number in the model, which never changes.
    pub number: u32,
    /// What its spans have in common.
    pub key: Key,
    /// The session that it was asked by.
    pub parent: Option<u32>,
    /// Its spans and events, in the order in which they came.
    pub spans: BTreeSet<u32>,
    /// Whether a Legion agent is still there.
    pub(super) alive: bool,
    pub(super) bytes: usize,
    pub(super) revision: u64,
    /// When something of it came last, by the model's own order.
    pub(super) touched: u64,
}

/// A session as lists show it.
#[derive(Clone, Debug, Serialize)]
pub struct SessionSummary {
    /// Its number in the model.
    pub number: u32,
    /// Its id.
    pub id: String,
    /// `session`, `run` or `trace`.
    pub kind: &'static str,
    /// The number of the session that asked it.
    pub parent: Option<u32>,
    /// How far it has come.
    pub state: State,
    /// The first agent in it.
    pub agent: Option<String>,
    /// What it was first asked.
    pub title: String,
    /// When it began, in microseconds since the Unix epoch.
    pub start: u64,
    /// How long it took so far, in microseconds.
    pub duration: u64,
    /// Spans and events.
    pub spans: usize,
    /// Agents' answers.
    pub agents: usize,
    /// Round trips to models.
    pub turns: usize,
    /// Tool calls.
    pub tool_calls: usize,
    /// Spans that failed.
    pub failures: usize,
    /// Spans that were given up.
    pub cancellations: usize,
    /// Tokens.
    pub tokens: Tokens,
    /// What it cost, in US dollars, as far as that is known.
    pub cost: Option<f64>,
}

impl Session {
    /// Adds up the session's spans.
    pub(super) fn summary<'s>(&self, spans: impl Fn(u32) -> Option<&'s Span>) -> SessionSummary {
        let mut numbers = Numbers::default();
        let (mut start, mut end) = (u64::MAX, 0);
        let mut agent = None;
        let mut title: Option<&Span> = None;
        let mut last: Option<&Span> = None;
        let mut running = false;
        for span in self.spans.iter().filter_map(|number| spans(*number)) {
            numbers.add(span);
            if span.start > 0 {
                start = start.min(span.start);
                end = end.max(span.end().unwrap_or(span.start));
            }
            running |= span.state == State::Running;
            if agent.is_none_or(|known: &Span| span.kind == Kind::Agent && known.kind != Kind::Agent)
                && span.agent.is_some()
            {
                agent = Some(span);
            }
            let better = |known: &Span| (rank(span.kind), span.start) < (rank(known.kind), known.start);
            if !span.preview.is_empty() && title.is_none_or(better) {
                title = Some(span);
            }
            let outermost = span.kind != Kind::Event
                && span.parent.and_then(&spans).is_none_or(|parent| parent.session != self.number);
            if outermost && last.is_none_or(|known| known.start <= span.start) {
                last = Some(span);
            }
        }
        let state = match last.map_or(State::Done, |span| span.state) {
            _ if running => State::Running,
            _ if self.alive => State::Waiting,
            state => state,
        };
        let start = if start == u64::MAX { 0 } else { start };
        SessionSummary {
            number: self.number,
            id: self.key.to_string(),
            kind: match self.key {
                Key::Session(_) => "session",
                Key::Run(_) => "run",
                Key::Trace(_) | Key::Loose => "trace",
            },
            parent: self.parent,
            state,
            agent: agent.and_then(|span| span.agent.as_deref()).map(str::to_owned),
            title: title.map(|span| span.preview.to_string()).unwrap_or_default(),
            start: start / 1000,
            duration: end.saturating_sub(start) / 1000,
            spans: self.spans.len(),
            agents: numbers.agents,
            turns: numbers.turns,
            tool_calls: numbers.tool_calls,
            failures: numbers.failures,
            cancellations: numbers.cancellations,
            tokens: numbers.tokens,
            cost: numbers.cost,
        }
    }
}

/// Whose first words say best what a session is about.
fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Agent | Kind::Operation | Kind::Run => 0,
        Kind::Turn => 1,
        Kind::Iteration | Kind::Evaluation | Kind::Tool | Kind::Subagent => 2,
        Kind::Span => 3,
        Kind::Event => 4,
    }
}
