//! Capturing events in tests, in parallel and deterministically.

mod recording;
mod sorted;
mod spans;
mod totals;
mod trajectory;
mod transcript;
mod tree;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "prices")]
use telemetry_llm::prices::Prices;

use crate::clock::Deterministic;
pub use crate::clock::FakeClock;
use crate::context::{Context, InContext, WithContext};
use crate::event::{Event, IntoPatterns, OwnedEvent, Pattern};
use crate::value::Json;

pub use recording::Recording;
pub use spans::{SpanView, Spans};
pub use telemetry_llm::Usage;
pub use totals::Totals;
pub use trajectory::{ExpectedCall, Mode, Trajectory, assert_trajectory, check_trajectory, tool};

/// Captures all events of what runs under it, and nothing else: tests run in parallel.
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
/// assert_eq!(capture.names(), ["condukt.tool_call.start", "condukt.tool_call.stop"]);
/// assert_eq!(capture.events()[1].get("result").unwrap(), 3);
/// ```
pub fn capture() -> Capture {
    capture_only(Pattern::__checked("**"))
}

/// As [`capture`], of the selected events only.
pub fn capture_only(events: impl IntoPatterns) -> Capture {
    let captured = Arc::new(Mutex::new(Vec::new()));
    let sink = captured.clone();
    let context = Context::current().with_handler(events.into_patterns(), move |event: &Event<'_>| {
        sink.lock().unwrap_or_else(PoisonError::into_inner).push(OwnedEvent::from(event));
    });
    Capture { captured, context }
}

/// Events that were captured. See [`capture`].
#[derive(Clone, Debug)]
pub struct Capture {
    captured: Arc<Mutex<Vec<OwnedEvent>>>,
    context: Context,
}

impl Capture {
    /// Returns this with a clock and ids that are the same on each run: the clock stands still until it
    /// is advanced, and all ids follow from the seed.
    #[must_use]
    pub fn deterministic(self, clock: &FakeClock, seed: u64) -> Self {
        let deterministic = Deterministic::new(clock, seed);
        Self { context: self.context.with_deterministic(Arc::new(deterministic)), ..self }
    }

    /// Returns this with further changes to the context: an id, a key, a secret.
    #[must_use]
    pub fn with_context(self, change: impl FnOnce(Context) -> Context) -> Self {
        Self { context: change(self.context), ..self }
    }

    /// Returns the context that captures.
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// Runs a function and captures its events.
    pub fn scope<R>(&self, run: impl FnOnce() -> R) -> R {
        self.context.scope(run)
    }

    /// Returns a future whose events are captured.
    pub fn follow<F: Future>(&self, future: F) -> WithContext<F> {
        future.in_context(self.context())
    }

    /// Returns the events so far.
    pub fn events(&self) -> Vec<OwnedEvent> {
        self.captured.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the events so far and forgets them.
    pub fn take(&self) -> Vec<OwnedEvent> {
        std::mem::take(&mut *self.captured.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the names of the events so far.
    pub fn names(&self) -> Vec<String> {
        self.events().iter().map(|event| event.name.to_string()).collect()
    }

    /// Returns the events so far of one name.
    pub fn named(&self, name: &str) -> Vec<OwnedEvent> {
        self.events().into_iter().filter(|event| event.name == name).collect()
    }

    /// Returns the spans and single events as an indented tree, without times and ids: for snapshots.
    ///
    /// A span is one line: its prefix, how it ended, and the metadata of its end.
    ///
    /// ```
    /// use telemetry_runtime::{testing, tool_call};
    ///
    /// #[tool_call]
    /// fn double(x: i32) -> i32 {
    ///     if x > 1 { double(x - 1) } else { x }
    /// }
    ///
    /// let capture = testing::capture();
    /// capture.scope(|| double(2));
    /// assert_eq!(capture.tree(), "\
    /// condukt.tool_call stop args={\"x\":2} result=1 status=ok tool=double
    ///   condukt.tool_call stop args={\"x\":1} result=1 status=ok tool=double
    /// ");
    /// ```
    pub fn tree(&self) -> String {
        tree::render(&self.events())
    }

    /// Returns the events so far as a recording, which answers the questions below of what was captured until now.
    pub fn recording(&self) -> Recording {
        Recording::new(self.events())
    }

    /// Returns the spans so far, for queries: `capture.spans().named("tool_call").with("tool", "search").count()`.
    pub fn spans(&self) -> Spans {
        self.recording().spans()
    }

    /// Returns what was done and used so far: agents, turns, tool calls, failures, tokens, cost, time.
    pub fn totals(&self) -> Totals {
        self.recording().totals()
    }

    /// Returns the totals, with the cost of the calls by those prices. See [`Recording::priced_totals`].
    #[cfg(feature = "prices")]
    pub fn priced_totals(&self, prices: &Prices) -> Totals {
        self.recording().priced_totals(prices)
    }

    /// Returns the messages and the results of tools. See [`Recording::transcript`].
    pub fn transcript(&self) -> String {
        self.recording().transcript()
    }
}

/// Returns the one event of that name, for assertions.
///
/// # Panics
/// If there is no such event, or more than one.
pub fn only<'e>(events: &'e [OwnedEvent], name: &str) -> &'e OwnedEvent {
    let found: Vec<&OwnedEvent> = events.iter().filter(|event| event.name == name).collect();
    match found[..] {
        [one] => one,
        _ => panic!("{} events `{name}` among {:?}", found.len(), names(events)),
    }
}

fn names(events: &[OwnedEvent]) -> Json {
    events.iter().map(|event| Json::from(&*event.name)).collect()
}
