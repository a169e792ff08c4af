//! Queries over the spans of a run.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use telemetry_catalogue::{Phase, SPANS};

use crate::event::OwnedEvent;
use crate::ids::{SpanId, SpanIds};
use crate::value::Json;

/// A span of a run: its start, and its end if it has ended.
#[derive(Clone, Debug)]
struct Record {
    prefix: String,
    start: Option<OwnedEvent>,
    end: Option<OwnedEvent>,
    ids: SpanIds,
    /// Where the span around it is.
    parent: Option<usize>,
}

/// The spans of a run that a query picked, in the order in which they began.
///
/// Each method narrows the query, as those of an iterator do.
///
/// ```
/// use std::time::Duration;
/// use telemetry_runtime::{in_span, testing};
///
/// let capture = testing::capture();
/// capture.scope(|| in_span!(agent, agent = "Guide"; || {
///     in_span!(tool_call, tool = "search", args = ("Oslo",); || Err::<(), _>("no answer")).ok();
/// }));
///
/// let calls = capture.spans().named("tool_call").with("tool", "search").under("agent");
/// assert_eq!(calls.count(), 1);
/// assert_eq!(calls.failed().only().get("error").unwrap(), "no answer");
/// assert!(capture.spans().named("agent").over("tool_call").longer_than(Duration::from_secs(60)).is_empty());
/// ```
#[derive(Clone)]
pub struct Spans {
    all: Arc<Vec<Record>>,
    picked: Vec<usize>,
}

/// One span of a [`Spans`].
///
/// ```
/// use telemetry_runtime::{testing, tool_call};
///
/// #[tool_call]
/// fn add(a: i32, b: i32) -> i32 {
///     a + b
/// }
///
/// let capture = testing::capture();
/// capture.scope(|| add(1, 2));
/// let spans = capture.spans();
/// let span = spans.only();
/// assert!(span.is("tool_call") && span.status() == Some("ok"));
/// assert_eq!(span.get("result").unwrap(), 3);
/// ```
#[derive(Clone, Copy)]
pub struct SpanView<'s> {
    all: &'s [Record],
    at: usize,
}

impl Spans {
    pub(super) fn of(events: &[OwnedEvent]) -> Self {
        let mut all: Vec<Record> = Vec::new();
        let mut known: HashMap<SpanId, usize> = HashMap::new();
        for event in events {
            let (Some(ids), Some((prefix, phase))) = (event.span, phase_of(event)) else { continue };
            let at = *known.entry(ids.id).or_insert_with(|| {
                all.push(Record { prefix: prefix.to_owned(), start: None, end: None, ids, parent: None });
                all.len() - 1
            });
            match phase {
                Phase::Start => all[at].start = Some(event.clone()),
                Phase::Stop | Phase::Exception => all[at].end = Some(event.clone()),
            }
        }
        for record in &mut all {
            record.parent = record.ids.parent_id.and_then(|parent| known.get(&parent).copied());
        }
        let picked = (0..all.len()).collect();
        Self { all: Arc::new(all), picked }
    }

    /// Keeps those of which a question is true.
    #[must_use]
    pub fn matching(mut self, is: impl Fn(&SpanView<'_>) -> bool) -> Self {
        let all = self.all.clone();
        self.picked.retain(|at| is(&SpanView { all: &all, at: *at }));
        self
    }

    /// Keeps those of a kind: `tool_call`, `condukt.tool_call`, or the prefix of a span of your own.
    #[must_use]
    pub fn named(self, kind: &str) -> Self {
        self.matching(|span| span.is(kind))
    }

    /// Keeps those that have a key with that value, at their end or else at their start.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<Json>) -> Self {
        let value = value.into();
        self.matching(|span| span.get(key) == Some(&value))
    }

    /// Keeps those that have a key.
    #[must_use]
    pub fn with_key(self, key: &str) -> Self {
        self.matching(|span| span.get(key).is_some())
    }

    /// Keeps those that do not have a key.
    #[must_use]
    pub fn without_key(self, key: &str) -> Self {
        self.matching(|span| span.get(key).is_none())
    }

    /// Keeps those with a span of that kind around them, at any distance.
    #[must_use]
    pub fn under(self, kind: &str) -> Self {
        self.matching(|span| span.ancestors().any(|around| around.is(kind)))
    }

    /// Keeps those with no span of that kind around them.
    #[must_use]
    pub fn not_under(self, kind: &str) -> Self {
        self.matching(|span| !span.ancestors().any(|around| around.is(kind)))
    }

    /// Keeps those whose parent is of that kind.
    #[must_use]
    pub fn directly_under(self, kind: &str) -> Self {
        self.matching(|span| span.parent().is_some_and(|parent| parent.is(kind)))
    }

    /// Keeps those with a span of that kind inside, at any distance.
    #[must_use]
    pub fn over(self, kind: &str) -> Self {
        self.matching(|span| span.descendants().any(|inside| inside.is(kind)))
    }

    /// Keeps those that ended with the status `ok`, or another that a stop rule gave and that is not `error`.
    #[must_use]
    pub fn succeeded(self) -> Self {
        self.matching(|span| span.status().is_some_and(|status| status != "error"))
    }

    /// Keeps those that failed: with the status `error`, or by a panic.
    #[must_use]
    pub fn failed(self) -> Self {
        self.matching(|span| span.status() == Some("error") || span.exception() == Some("panic"))
    }

    /// Keeps those that were cancelled.
    #[must_use]
    pub fn cancelled(self) -> Self {
        self.matching(|span| span.exception() == Some("cancelled"))
    }

    /// Keeps those that have not ended.
    #[must_use]
    pub fn open(self) -> Self {
        self.matching(|span| span.end().is_none())
    }

    /// Keeps those that took longer.
    #[must_use]
    pub fn longer_than(self, duration: Duration) -> Self {
        self.matching(|span| span.duration().is_some_and(|took| took > duration))
    }

    /// Keeps those that took less time.
    #[must_use]
    pub fn shorter_than(self, duration: Duration) -> Self {
        self.matching(|span| span.duration().is_some_and(|took| took < duration))
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.picked.len()
    }

    /// Returns whether no span is picked.
    pub fn is_empty(&self) -> bool {
        self.picked.is_empty()
    }

    /// Returns them, in the order in which they began.
    pub fn iter(&self) -> impl Iterator<Item = SpanView<'_>> {
        self.picked.iter().map(|at| SpanView { all: &self.all, at: *at })
    }

    /// Returns the value of a key of each that has it.
    pub fn values(&self, key: &str) -> Vec<Json> {
        self.iter().filter_map(|span| span.get(key).cloned()).collect()
    }

    /// Returns the one there is.
    ///
    /// # Panics
    /// If the number of picked spans is not one.
    #[track_caller]
    pub fn only(&self) -> SpanView<'_> {
        match self.picked[..] {
            [at] => SpanView { all: &self.all, at },
            _ => panic!("expected one span, found {}: {self:?}", self.picked.len()),
        }
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'s> SpanView<'s> {
    fn record(&self) -> &'s Record {
        &self.all[self.at]
    }

    fn at(&self, at: usize) -> Self {
        Self { all: self.all, at }
    }

    /// Returns what its events begin with: `condukt.tool_call`.
    pub fn prefix(&self) -> &'s str {
        &self.record().prefix
    }

    /// Returns the name it has in an attribute, `tool_call`; of a span of your own its prefix.
    pub fn kind(&self) -> &'s str {
        let prefix = self.prefix();
        SPANS.iter().find(|span| span.prefix == prefix).map_or(prefix, |span| span.short_name)
    }

    /// Returns whether it is of that kind, by its short name or its prefix.
    pub fn is(&self, kind: &str) -> bool {
        self.prefix() == kind || self.kind() == kind
    }

    /// Returns its ids.
    pub fn ids(&self) -> SpanIds {
        self.record().ids
    }

    /// Returns the event of its start; `None` if that was not recorded.
    pub fn start(&self) -> Option<&'s OwnedEvent> {
        self.record().start.as_ref()
    }

    /// Returns the event of its end, a stop or an exception; `None` if it has not ended.
    pub fn end(&self) -> Option<&'s OwnedEvent> {
        self.record().end.as_ref()
    }

    /// Returns the value of a key, at its end or else at its start.
    pub fn get(&self, key: &str) -> Option<&'s Json> {
        let of = |event: Option<&'s OwnedEvent>| event?.metadata.get(key);
        of(self.end()).or_else(|| of(self.start()))
    }

    /// Returns the text of a key.
    pub fn text(&self, key: &str) -> Option<&'s str> {
        self.get(key)?.as_str()
    }

    /// Returns the status of its stop; `None` if it ended otherwise, or not.
    pub fn status(&self) -> Option<&'s str> {
        self.end()?.metadata.get("status")?.as_str().filter(|_| self.exception().is_none())
    }

    /// Returns `panic` or `cancelled`, if it ended so.
    pub fn exception(&self) -> Option<&'s str> {
        let end = self.end().filter(|end| end.name.ends_with(".exception"))?;
        end.metadata.get("kind")?.as_str()
    }

    /// Returns how long it took.
    pub fn duration(&self) -> Option<Duration> {
        Some(Duration::from_nanos(self.end()?.measurements.get("duration")?.as_u64()?))
    }

    /// Returns when it began, on the monotonic clock.
    pub fn began(&self) -> Option<Duration> {
        Some(Duration::from_nanos(self.start()?.measurements.get("monotonic_time")?.as_u64()?))
    }

    /// Returns the span around it, if that was recorded.
    pub fn parent(&self) -> Option<Self> {
        Some(self.at(self.record().parent?))
    }

    /// Returns the spans around it, the nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = SpanView<'s>> + use<'s> {
        // No more than there are spans: what is read from a file may be a circle.
        std::iter::successors(self.parent(), Self::parent).take(self.all.len())
    }

    /// Returns the spans directly inside it.
    pub fn children(&self) -> impl Iterator<Item = SpanView<'s>> + use<'s> {
        let (all, at) = (self.all, self.at);
        (0..all.len()).filter(move |child| all[*child].parent == Some(at)).map(move |at| SpanView { all, at })
    }

    /// Returns the spans inside it, at any distance.
    pub fn descendants(&self) -> impl Iterator<Item = SpanView<'s>> + use<'s> {
        let (all, at) = (self.all, self.at);
        let inside = move |span: &SpanView<'s>| span.ancestors().any(|around| around.at == at);
        (0..all.len()).map(move |at| SpanView { all, at }).filter(inside)
    }
}

impl fmt::Debug for SpanView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(self.prefix());
        let shown = self.end().or(self.start());
        for (key, value) in shown.into_iter().flat_map(|event| &event.metadata) {
            out.field(key, &format_args!("{value}"));
        }
        out.finish()
    }
}

/// The prefix and the phase of an event of a span; `None` of a single event.
pub(super) fn phase_of(event: &OwnedEvent) -> Option<(&str, Phase)> {
    let (prefix, last) = event.name.rsplit_once('.')?;
    let phase = Phase::ALL.into_iter().find(|phase| phase.as_str() == last)?;
    let is_single = telemetry_catalogue::EVENTS.iter().any(|known| known.name == event.name);
    (!is_single).then_some((prefix, phase))
}
