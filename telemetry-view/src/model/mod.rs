//! One model of runs, made from events: in any order, complete or not.
//!
//! The page, the text, the JSON and the comparison are views of a [`Model`].

mod contents;
mod cursor;
mod detail;
mod evict;
mod intake;
mod place;
mod reading;
mod search;
mod session;
mod span;
mod totals;
mod transcript;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::iter;
use std::sync::Arc;

use serde::Serialize;
use telemetry_runtime::{SpanId, TraceId};

use contents::Contents;
pub use cursor::{Cursor, NoCursor};
pub use detail::Detail;
pub use search::{Query, Search};
pub use session::{Key, Session, SessionSummary};
pub use span::{Kind, Span, State};
pub use totals::{Breakdown, Bucket, Group, Tokens, Totals};
pub use transcript::{Entry, Speech};

/// Runs of agents.
///
/// ```
/// use telemetry_view::{Line, Model};
///
/// let mut model = Model::new(256 * 1024 * 1024);
/// for line in [
///     r#"{"event":"condukt.tool_call.start","metadata":{"tool":"add","session_id":"s"},
///         "span":{"id":"00000000000000a1","parent_id":null,"trace_id":"000000000000000000000000000000b1"}}"#,
///     r#"{"event":"condukt.tool_call.stop","measurements":{"duration":5},"metadata":{"tool":"add","session_id":"s","status":"error"},
///         "span":{"id":"00000000000000a1","parent_id":null,"trace_id":"000000000000000000000000000000b1"}}"#,
/// ] {
///     model.line(Line::parse(line.as_bytes()).expect("an event"));
/// }
/// let totals = model.totals();
/// assert_eq!((totals.sessions, totals.tool_calls, totals.failures), (1, 1, 1));
/// ```
#[derive(Debug)]
pub struct Model {
    limit: usize,
    bytes: usize,
    spans: HashMap<u32, Span>,
    /// The spans' numbers in the order in which they came, those that are gone included.
    order: VecDeque<u32>,
    next_span: u32,
    by_id: HashMap<(TraceId, SpanId), u32>,
    /// What waits for a parent that has not come.
    orphans: HashMap<(TraceId, SpanId), Vec<u32>>,
    sessions: HashMap<u32, Session>,
    next_session: u32,
    by_key: HashMap<Key, u32>,
    /// The session of a trace's first span that has one.
    by_trace: HashMap<TraceId, u32>,
    contents: Contents,
    names: HashSet<Arc<str>>,
    sources: Vec<Source>,
    revision: u64,
    changed_spans: BTreeMap<u64, u32>,
    changed_sessions: BTreeMap<u64, u32>,
    removed: VecDeque<(u64, u32)>,
    /// Changes up to here are no longer available.
    forgotten: u64,
    losses: Losses,
}

/// What the model does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// Sessions that made room for newer ones.
    pub evicted_sessions: u64,
    /// Spans and events that made room for newer ones.
    pub evicted_spans: u64,
    /// Events that came faster than they could be taken.
    pub dropped_events: u64,
    /// Lines that could not be read.
    pub unreadable_lines: u64,
}

/// One run of a program.
#[derive(Clone, Copy, Debug, Default)]
struct Source {
    /// The wall-clock time at which the monotonic one was 0, in nanoseconds since the Unix epoch.
    epoch: Option<i128>,
}

/// What changed since a [`Cursor`].
#[derive(Debug, Serialize)]
pub struct Changes<'m> {
    /// Where this leads to.
    #[serde(skip)]
    pub next: Cursor,
    /// Whether more changes follow at once.
    pub more: bool,
    /// Whether what was known before is to be thrown away.
    pub reset: bool,
    /// Spans that are new or changed.
    pub spans: Vec<&'m Span>,
    /// Sessions that are new or changed.
    pub sessions: Vec<SessionSummary>,
    /// Spans that are gone.
    pub removed: Vec<u32>,
    /// Sums over everything, where nothing more follows.
    pub totals: Option<Totals>,
    /// What is not shown.
    pub losses: Losses,
}

/// How many removals are remembered for those who ask for changes.
const MAX_REMOVED: usize = 8_192;

/// How many changed spans the page receives at a time.
pub(crate) const AT_A_TIME: usize = 10_000;

impl Model {
    /// A model that keeps at most about `limit` bytes. The oldest finished session goes first.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: 0,
            spans: HashMap::new(),
            order: VecDeque::new(),
            next_span: 0,
            by_id: HashMap::new(),
            orphans: HashMap::new(),
            sessions: HashMap::new(),
            next_session: 0,
            by_key: HashMap::new(),
            by_trace: HashMap::new(),
            contents: Contents::default(),
            names: HashSet::new(),
            sources: vec![Source::default()],
            revision: 0,
            changed_spans: BTreeMap::new(),
            changed_sessions: BTreeMap::new(),
            removed: VecDeque::new(),
            forgotten: 0,
            losses: Losses::default(),
        }
    }

    /// The spans and events, in no order.
    pub fn spans(&self) -> impl Iterator<Item = &Span> + Clone {
        self.spans.values()
    }

    /// A span by its number.
    pub fn span(&self, number: u32) -> Option<&Span> {
        self.spans.get(&number)
    }

    /// A session by its number.
    pub fn session(&self, number: u32) -> Option<&Session> {
        self.sessions.get(&number)
    }

    /// The sessions that have spans, the oldest first, those without a time after them.
    pub fn sessions(&self) -> Vec<SessionSummary> {
        let mut sessions: Vec<SessionSummary> = self
            .sessions
            .values()
            .filter(|session| !session.spans.is_empty())
            .map(|session| session.summary(|number| self.spans.get(&number)))
            .collect();
        sessions.sort_by_key(|session| (session.start == 0, session.start, session.number));
        sessions
    }

    /// Sums over everything.
    pub fn totals(&self) -> Totals {
        let sessions = self.sessions.values().filter(|session| {
            matches!(session.key, Key::Session(_) | Key::Run(_)) && !session.spans.is_empty()
        });
        totals::totals(self.spans.values(), sessions.count())
    }

    /// The same numbers by agent, model, tool and over time.
    pub fn breakdown(&self) -> Breakdown {
        totals::breakdown(self.spans.values())
    }

    /// What the model does not show.
    pub fn losses(&self) -> Losses {
        self.losses
    }

    /// Notes how many events were lost before they came here, in all.
    pub fn set_dropped(&mut self, dropped: u64) {
        self.losses.dropped_events = dropped;
    }

    /// Notes a line that could not be read.
    pub fn unreadable(&mut self) {
        self.losses.unreadable_lines += 1;
    }

    /// What the model holds, in bytes, about.
    pub fn bytes(&self) -> usize {
        self.bytes + self.contents.bytes()
    }

    /// The number of the last change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The spans inside another, or the outermost ones of a session, in the order of time.
    pub fn in_order<'n>(&self, numbers: impl IntoIterator<Item = &'n u32>) -> Vec<&Span> {
        let mut spans: Vec<&Span> = numbers.into_iter().filter_map(|number| self.spans.get(number)).collect();
        spans.sort_by_key(|span| (span.start, span.number));
        spans
    }

    /// The outermost spans of a session, in the order of time.
    pub fn roots(&self, session: &Session) -> Vec<&Span> {
        let mut spans = self.in_order(&session.spans);
        spans.retain(|span| {
            let parent = span.parent.and_then(|parent| self.spans.get(&parent));
            parent.is_none_or(|parent| parent.session != session.number)
        });
        spans
    }

    /// The spans below `roots`, as a tree is read from its root, each with its depth. A span that `enters` refuses is left
    /// out, with all that is below it.
    pub(crate) fn walk<'m>(
        &'m self,
        roots: Vec<&'m Span>,
        mut enters: impl FnMut(&Span) -> bool,
    ) -> impl Iterator<Item = (&'m Span, usize)> {
        let mut waiting: Vec<(&Span, usize)> = roots.into_iter().rev().map(|span| (span, 0)).collect();
        iter::from_fn(move || {
            loop {
                let (span, depth) = waiting.pop()?;
                if enters(span) {
                    let inside = self.in_order(&span.children);
                    waiting.extend(inside.into_iter().rev().map(|child| (child, depth + 1)));
                    return Some((span, depth));
                }
            }
        })
    }

    /// The spans of one session, as a tree is read. What is in another session is left to that.
    pub(crate) fn tree<'m>(&'m self, session: &Session) -> impl Iterator<Item = (&'m Span, usize)> + use<'m> {
        let number = session.number;
        self.walk(self.roots(session), move |span| span.session == number)
    }

    /// What changed since a cursor, the default one being the beginning. At most `limit` spans at a time.
    ///
    /// The spans may take several answers; each answer has every removal up to then, as removed numbers are never used
    /// again.
    pub fn changes(&self, since: Cursor, limit: usize) -> Changes<'_> {
        let reset = !since.is_beginning()
            && (since.changes > self.revision
                || since.removals > self.revision
                || since.removals < self.forgotten);
        let since = if reset { Cursor::default() } else { since };
        let spans: Vec<(u64, &Span)> = self
            .changed_spans
            .range(since.changes + 1..)
            .take(limit)
            .filter_map(|(revision, number)| Some((*revision, self.spans.get(number)?)))
            .collect();
        let revision =
            if spans.len() < limit { self.revision } else { spans.last().map_or(0, |last| last.0) };
        let sessions = self
            .changed_sessions
            .range(since.changes + 1..(revision + 1).max(since.changes + 1))
            .filter_map(|(_, number)| self.sessions.get(number))
            .filter(|session| !session.spans.is_empty())
            .map(|session| session.summary(|number| self.spans.get(&number)))
            .collect();
        // Who begins has seen nothing that could be gone.
        let begin = self.removed.partition_point(|(at, _)| since.is_beginning() || *at <= since.removals);
        Changes {
            next: Cursor { changes: revision, removals: self.revision },
            more: revision < self.revision,
            reset,
            spans: spans.into_iter().map(|(_, span)| span).collect(),
            sessions,
            removed: self.removed.range(begin..).map(|(_, number)| *number).collect(),
            totals: (revision == self.revision).then(|| self.totals()),
            losses: self.losses,
        }
    }

    fn touch_span(&mut self, number: u32) {
        let Some(span) = self.spans.get_mut(&number) else { return };
        self.revision += 1;
        self.changed_spans.remove(&span.revision);
        span.revision = self.revision;
        self.changed_spans.insert(self.revision, number);
        let session = span.session;
        self.touch_session(session);
    }

    fn touch_session(&mut self, number: u32) {
        let Some(session) = self.sessions.get_mut(&number) else { return };
        self.revision += 1;
        self.changed_sessions.remove(&session.revision);
        session.revision = self.revision;
        self.changed_sessions.insert(self.revision, number);
    }
}
