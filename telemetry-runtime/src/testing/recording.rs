//! Events that were captured or read from a file, and the questions that a test asks of them.

use std::io;
use std::path::Path;
#[cfg(feature = "prices")]
use std::time::{Duration, UNIX_EPOCH};

#[cfg(feature = "prices")]
use telemetry_llm::prices::Prices;

use super::spans::Spans;
use super::totals::{self, Totals};
use super::{transcript, tree};
use crate::event::OwnedEvent;
use crate::recording;
use crate::value::Json;

/// Events of a run: what a [`Capture`](super::Capture) has so far, or what stood in a file. Both answer the same questions.
///
/// ```
/// use telemetry_runtime::testing::{self, Recording};
/// use telemetry_runtime::tool_call;
///
/// #[tool_call]
/// fn search(q: &str) -> usize {
///     q.len()
/// }
///
/// let capture = testing::capture();
/// capture.scope(|| search("Oslo"));
/// let recording: Recording = capture.recording();
/// assert_eq!(recording.spans().named("tool_call").with("tool", "search").count(), 1);
/// assert_eq!(recording.totals().tool_calls, 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Recording {
    events: Vec<OwnedEvent>,
}

impl Recording {
    /// Makes a recording of events, in the order in which they were emitted.
    pub fn new(events: impl IntoIterator<Item = OwnedEvent>) -> Self {
        Self { events: events.into_iter().collect() }
    }

    /// Reads a file that `telemetry-view` recorded, or plain JSON lines of events. Torn and unknown lines are passed over.
    ///
    /// ```
    /// use telemetry_runtime::testing::Recording;
    ///
    /// # let path = std::env::temp_dir().join(format!("telemetry-recording-{}.jsonl", std::process::id()));
    /// std::fs::write(&path, "{\"event\":\"shop.paid\",\"metadata\":{\"by\":\"card\"}}\n")?;
    /// assert_eq!(Recording::read(&path)?.events()[0].get("by").unwrap(), "card");
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be opened or read.
    pub fn read(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self { events: recording::read(path)?.collect::<io::Result<_>>()? })
    }

    /// Returns the events.
    pub fn events(&self) -> &[OwnedEvent] {
        &self.events
    }

    /// Returns the spans, for queries.
    pub fn spans(&self) -> Spans {
        Spans::of(&self.events)
    }

    /// Returns what was done and used in all.
    pub fn totals(&self) -> Totals {
        totals::of(&self.spans(), &|_, _| None)
    }

    /// Returns the same, with the costs of calls by those prices, in US dollars, where the provider gives none.
    ///
    /// ```
    /// use serde_json::json;
    /// use telemetry_runtime::prices::Prices;
    /// use telemetry_runtime::{in_span, testing};
    ///
    /// let capture = testing::capture();
    /// capture.scope(|| {
    ///     in_span!(llm_turn, model = "gpt-4o", messages = ["Hi"],
    ///         stop(|_| usage = json!({"input_tokens": 1_000_000, "output_tokens": 0})); || ());
    /// });
    /// assert_eq!(capture.totals().cost, None);
    /// assert_eq!(capture.priced_totals(&Prices::builtin()).cost, Some(2.5));
    /// ```
    #[cfg(feature = "prices")]
    pub fn priced_totals(&self, prices: &Prices) -> Totals {
        totals::of(&self.spans(), &|span, usage| {
            let model = span.text("response_model").or_else(|| span.text("model"))?;
            let began = span.start()?.measurements.get("system_time")?.as_u64()?;
            let at = UNIX_EPOCH + Duration::from_nanos(began);
            Some(prices.cost(span.text("provider"), model, usage, at)?.total)
        })
    }

    /// Returns the spans and single events as an indented tree, without times and ids. See
    /// [`Capture::tree`](super::Capture::tree).
    pub fn tree(&self) -> String {
        tree::render(&self.events)
    }

    /// Returns the messages and the results of tools, a line each: for snapshots.
    ///
    /// ```
    /// use telemetry_runtime::{in_span, testing};
    ///
    /// let capture = testing::capture();
    /// capture.scope(|| in_span!(agent, agent = "Guide"; || {
    ///     in_span!(llm_turn, model = "m", messages = ["Where is Oslo?"], stop(|answer| assistant_message = answer);
    ///         || "In Norway.");
    /// }));
    /// assert_eq!(capture.transcript(), "\
    /// Guide
    ///   user: Where is Oslo?
    ///   assistant: In Norway.
    /// ");
    /// ```
    pub fn transcript(&self) -> String {
        transcript::render(&self.spans())
    }

    /// Returns the recording with another value under a key of every event that has it: for what differs from run to run.
    ///
    /// A path leads into a value: `args.date`, `messages.0.id`.
    ///
    /// ```
    /// use telemetry_runtime::{in_span, testing};
    /// use serde_json::json;
    ///
    /// let capture = testing::capture();
    /// capture.scope(|| in_span!(tool_call, tool = "book", args = json!({"id": 17, "to": "OSL"}); || ()));
    /// let recording = capture.recording().redact("args.id", "[id]");
    /// assert_eq!(recording.tree(), "condukt.tool_call stop args={\"id\":\"[id]\",\"to\":\"OSL\"} result=null status=ok tool=book\n");
    /// ```
    #[must_use]
    pub fn redact(mut self, path: &str, value: impl Into<Json>) -> Self {
        let value = value.into();
        let mut segments = path.split('.');
        let key = segments.next().unwrap_or_default();
        let rest: Vec<&str> = segments.collect();
        for event in &mut self.events {
            let whole = event.metadata.get_mut(path);
            if let Some(place) = whole {
                *place = value.clone();
            } else if let Some(place) = event.metadata.get_mut(key).and_then(|found| within(found, &rest)) {
                *place = value.clone();
            }
        }
        self
    }
}

fn within<'j>(value: &'j mut Json, path: &[&str]) -> Option<&'j mut Json> {
    path.iter().try_fold(value, |value, segment| match value {
        Json::Array(items) => items.get_mut(segment.parse::<usize>().ok()?),
        other => other.get_mut(*segment),
    })
}

impl From<Vec<OwnedEvent>> for Recording {
    fn from(events: Vec<OwnedEvent>) -> Self {
        Self { events }
    }
}
