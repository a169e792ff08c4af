//! Capturing events in tests, in parallel and without chance.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::context::{Context, InContext, WithContext};
use crate::event::{Event, OwnedEvent};
use crate::ids::SpanId;
use crate::name::{IntoPatterns, Pattern};
use crate::value::Json;

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

/// The same of some events only.
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
    /// The same with a clock and ids that are the same on each run: the clock stands still until it
    /// is advanced, and all ids follow from the seed.
    #[must_use]
    pub fn deterministic(self, clock: &FakeClock, seed: u64) -> Self {
        let deterministic = Deterministic { clock: clock.clone(), state: AtomicU64::new(seed) };
        Self { context: self.context.with_deterministic(Arc::new(deterministic)), ..self }
    }

    /// The same with further changes to the context: an id, a key, a secret.
    #[must_use]
    pub fn with_context(self, change: impl FnOnce(Context) -> Context) -> Self {
        Self { context: change(self.context), ..self }
    }

    /// The context that captures.
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// Runs a function and captures its events.
    pub fn scope<R>(&self, run: impl FnOnce() -> R) -> R {
        self.context.scope(run)
    }

    /// Captures the events of a future.
    pub fn follow<F: Future>(&self, future: F) -> WithContext<F> {
        future.in_context(self.context())
    }

    /// The events so far.
    pub fn events(&self) -> Vec<OwnedEvent> {
        self.captured.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The events so far, which are then forgotten.
    pub fn take(&self) -> Vec<OwnedEvent> {
        std::mem::take(&mut *self.captured.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The names of the events so far.
    pub fn names(&self) -> Vec<String> {
        self.events().iter().map(|event| event.name.to_string()).collect()
    }

    /// The events so far of one name.
    pub fn named(&self, name: &str) -> Vec<OwnedEvent> {
        self.events().into_iter().filter(|event| event.name == name).collect()
    }

    /// The spans and single events as an indented tree, without times and ids: for snapshots.
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
        tree(&self.events())
    }
}

/// Keys that differ from run to run.
const CHANCE: [&str; 5] = ["session_id", "parent_session_id", "run_id", "parent_run_id", "stacktrace"];

fn tree(events: &[OwnedEvent]) -> String {
    /// A line of the tree, with the span it is, or is in.
    struct Line<'e> {
        parent: Option<SpanId>,
        span: Option<SpanId>,
        event: &'e OwnedEvent,
        end: Option<&'e OwnedEvent>,
    }
    fn phase(event: &OwnedEvent) -> Option<(&str, &str)> {
        let spans = event.name.rsplit_once('.')?;
        let single = telemetry_catalogue::EVENTS.iter().any(|known| known.name == event.name);
        (!single && matches!(spans.1, "start" | "stop" | "exception")).then_some(spans)
    }

    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut opened: HashMap<SpanId, usize> = HashMap::new();
    for event in events {
        let ids = event.span;
        match (phase(event), ids) {
            (Some((_, "start")), Some(ids)) => {
                opened.insert(ids.id, lines.len());
                lines.push(Line { parent: ids.parent_id, span: Some(ids.id), event, end: None });
            }
            (Some(_), Some(ids)) => match opened.get(&ids.id) {
                Some(index) => lines[*index].end = Some(event),
                None => {
                    lines.push(Line { parent: ids.parent_id, span: Some(ids.id), event, end: Some(event) });
                }
            },
            _ => lines.push(Line { parent: ids.map(|ids| ids.id), span: None, event, end: None }),
        }
    }

    fn write(
        out: &mut String,
        lines: &[Line<'_>],
        opened: &HashMap<SpanId, usize>,
        at: Option<SpanId>,
        depth: usize,
    ) {
        for line in lines {
            let parent = line.parent.filter(|parent| opened.contains_key(parent));
            if parent != at {
                continue;
            }
            let shown = line.end.unwrap_or(line.event);
            let (name, ended) = match phase(shown) {
                Some((prefix, "start")) => (prefix, " open"),
                Some((prefix, "stop")) => (prefix, " stop"),
                Some((prefix, _)) => (prefix, " exception"),
                None => (&*shown.name, ""),
            };
            let _ = write!(out, "{:width$}{name}{ended}", "", width = depth * 2);
            // `serde_json` keeps its maps sorted or not as others in the build ask.
            let sorted: BTreeMap<&String, &Json> = shown.metadata.iter().collect();
            for (key, value) in sorted.into_iter().filter(|(key, _)| !CHANCE.contains(&&***key)) {
                let text =
                    value.as_str().map_or_else(|| value.to_string(), |text| text.escape_debug().to_string());
                let _ = write!(out, " {key}={text}");
            }
            out.push('\n');
            if let Some(span) = line.span {
                write(out, lines, opened, Some(span), depth + 1);
            }
        }
    }

    let mut out = String::new();
    write(&mut out, &lines, &opened, None, 0);
    out
}

/// A clock that stands still until it is advanced.
#[derive(Clone, Debug, Default)]
pub struct FakeClock {
    nanos: Arc<AtomicU64>,
}

impl FakeClock {
    /// A clock at 2024-01-01 00:00:00 UTC.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        self.nanos.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The wall-clock time it shows.
    pub fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(FAKE_EPOCH + self.nanos.load(Ordering::Relaxed))
    }
}

/// 2024-01-01 00:00:00 UTC, in nanoseconds since the Unix epoch.
const FAKE_EPOCH: u64 = 1_704_067_200_000_000_000;

/// A clock and ids without chance.
#[derive(Debug)]
pub(crate) struct Deterministic {
    clock: FakeClock,
    state: AtomicU64,
}

impl Deterministic {
    pub(crate) fn now(&self) -> u64 {
        self.clock.nanos.load(Ordering::Relaxed)
    }

    #[allow(clippy::unused_self, reason = "the counterpart of `now`")]
    pub(crate) fn wall(&self, now: u64) -> u64 {
        FAKE_EPOCH + now
    }

    /// `SplitMix64`.
    pub(crate) fn random(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn uuid(&self) -> Uuid {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.random().to_be_bytes());
        random[8..].copy_from_slice(&self.random().to_be_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(self.wall(self.now()) / 1_000_000, &random).into_uuid()
    }
}

/// Reads one event of a name out of many, for assertions.
///
/// # Panics
/// When there is none, or more than one.
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
