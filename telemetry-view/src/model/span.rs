//! One span, or one single event, of a run.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use telemetry_runtime::SpanIds;

use telemetry_llm::Usage;
use telemetry_runtime::recording::Hash;

/// What a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An agent works on a prompt, or handles a message.
    Agent,
    /// One round trip to a model.
    Turn,
    /// A tool runs.
    Tool,
    /// An agent delegates to another.
    Subagent,
    /// An operation.
    Operation,
    /// An anonymous run.
    Run,
    /// One step of an agent's loop.
    Iteration,
    /// Code runs in the sandbox.
    Evaluation,
    /// A span of the user's own.
    Span,
    /// An event that stands alone.
    Event,
}

impl Kind {
    /// The kind of the spans whose events begin with `prefix`.
    pub fn of(prefix: &str) -> Self {
        match prefix {
            "condukt.agent" | "legion.agent.message" => Self::Agent,
            "condukt.llm_turn" | "legion.llm.request" => Self::Turn,
            "condukt.tool_call" => Self::Tool,
            "condukt.subagent" => Self::Subagent,
            "condukt.operation" => Self::Operation,
            "condukt.run" => Self::Run,
            "legion.iteration" => Self::Iteration,
            "legion.sandbox.eval" => Self::Evaluation,
            _ => Self::Span,
        }
    }

    /// One word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Turn => "turn",
            Self::Tool => "tool",
            Self::Subagent => "subagent",
            Self::Operation => "operation",
            Self::Run => "run",
            Self::Iteration => "iteration",
            Self::Evaluation => "evaluation",
            Self::Span => "span",
            Self::Event => "event",
        }
    }
}

/// How far a span, or a session, has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has begun.
    Running,
    /// Nothing runs in it, and more may come.
    Waiting,
    /// It has ended well.
    Done,
    /// It has ended in an error or a panic.
    Failed,
    /// It was given up.
    Cancelled,
    /// It has begun, and what is around it has ended without an end of its own.
    Unfinished,
}

impl State {
    /// One word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unfinished => "unfinished",
        }
    }
}

/// A span, or a single event, as the model keeps it.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its number in the model, which never changes.
    pub number: u32,
    /// Its ids. Of a single event, those of the span it was emitted in.
    pub ids: Option<SpanIds>,
    /// The span around it, where that is known.
    pub parent: Option<u32>,
    /// The spans in it, in the order in which they came.
    pub children: Vec<u32>,
    /// The session it belongs to.
    pub session: u32,
    /// What it is.
    pub kind: Kind,
    /// What its events begin with: `condukt.llm_turn`. Of a single event, its name.
    pub prefix: Arc<str>,
    /// What to call it: the tool, the model, the agent.
    pub name: Arc<str>,
    /// The agent it belongs to.
    pub agent: Option<Arc<str>>,
    /// How far it has come.
    pub state: State,
    /// When it began, in nanoseconds since the Unix epoch. 0 where that is not known.
    pub start: u64,
    /// How long it took, in nanoseconds.
    pub duration: Option<u64>,
    /// How long it took to the first token, or item, in nanoseconds.
    pub first_token: Option<u64>,
    /// On failure: the error's or the panic's first words.
    pub error: Option<Box<str>>,
    /// The tokens used.
    pub usage: Option<Box<Usage>>,
    /// What it cost, in US dollars.
    pub cost: Option<f64>,
    /// The number of the turn, or of the iteration.
    pub turn: Option<u64>,
    /// The first words of what it was given.
    pub preview: Box<str>,
    /// A digest of what it was given, to compare. 0 where there is nothing.
    pub given: u32,
    /// A digest of what came of it, to compare. 0 where there is nothing.
    pub gave: u32,
    pub(super) own_session: bool,
    pub(super) source: u32,
    /// The order in which the model last changed.
    pub(super) revision: u64,
    /// The events that it was made of, each as one line without a line break.
    pub(super) start_line: Option<Box<str>>,
    pub(super) end_line: Option<Box<str>>,
    pub(super) refs: Vec<Hash>,
    /// The end's monotonic time, where no start has come.
    pub(super) end_monotonic: Option<u64>,
}

impl Span {
    /// When it ended, in nanoseconds since the Unix epoch.
    pub fn end(&self) -> Option<u64> {
        self.duration.map(|duration| self.start.saturating_add(duration))
    }

    /// Whether it has ended in an error or a panic.
    pub fn failed(&self) -> bool {
        self.state == State::Failed
    }

    /// Whether its end is known. That of a single event is its start.
    pub(crate) fn ended(&self) -> bool {
        self.end_line.is_some() || self.kind == Kind::Event
    }

    /// What it holds, in bytes, about.
    pub(super) fn bytes(&self) -> usize {
        let lines =
            self.start_line.as_deref().map_or(0, str::len) + self.end_line.as_deref().map_or(0, str::len);
        let usage = self.usage.as_ref().map_or(0, |_| size_of::<Usage>());
        // The maps' entries are counted in.
        size_of::<Self>() + 128 + lines + self.preview.len() + self.refs.len() * size_of::<Hash>() + usage
    }
}

/// A span as the page gets it: a list of values in a fixed order, as there may be very many. The page's script names
/// the places.
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let usage = self.usage.as_deref();
        let id = self.ids.map(|ids| ids.id);
        let micros = |nanos: Option<u64>| nanos.map(|nanos| nanos / 1000);
        (
            (
                self.number,
                id,
                self.parent,
                self.session,
                self.kind,
                &*self.name,
                self.agent.as_deref(),
                self.state,
            ),
            (self.start / 1000, micros(self.duration), micros(self.first_token), &self.error),
            (
                usage.and_then(|usage| usage.input),
                usage.and_then(|usage| usage.output),
                usage.and_then(|usage| usage.cache_read),
                usage.and_then(|usage| usage.reasoning),
                self.cost,
            ),
            (self.turn, &self.preview, self.given, self.gave),
        )
            .serialize(serializer)
    }
}
