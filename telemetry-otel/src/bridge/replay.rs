//! Recorded events, exported as if they happened at their own times.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::Context as OtelContext;
use telemetry_runtime::{Json, OwnedEvent, SpanId, SpanIdentity, SpanIds, SpanObserver as _, TraceId};

use super::current::Busy;
use super::hook::{Bridge, FollowedSpan, Opening};
use crate::convert::intern::interned;
use crate::span::rollup::Rollup;

/// Who a span is in the recording.
type Recorded = (TraceId, SpanId);

/// A span of the recording, as it is exported.
struct Exported {
    identity: SpanIdentity,
    otel: Option<OtelContext>,
    rollup: Option<Arc<Rollup>>,
}

/// A recording that is on its way.
pub(crate) struct Replay<'b> {
    bridge: &'b Bridge,
    spans: HashMap<Recorded, Exported>,
    /// Those that have no end yet, with their starts.
    open: HashMap<Recorded, (FollowedSpan, OwnedEvent)>,
    /// In which order they began.
    order: Vec<Recorded>,
    /// The time of the last event that has one.
    now: SystemTime,
}

impl<'b> Replay<'b> {
    pub(crate) fn new(bridge: &'b Bridge) -> Self {
        Self { bridge, spans: HashMap::new(), open: HashMap::new(), order: Vec::new(), now: UNIX_EPOCH }
    }

    pub(crate) fn event(&mut self, event: &OwnedEvent) {
        let key = event.span.map(|span| (span.trace_id, span.id));
        let (prefix, phase) = event.name.rsplit_once('.').unwrap_or((&event.name, ""));
        match (phase, event.span) {
            ("start", Some(span)) if event.measurements.contains_key("system_time") => {
                self.start(prefix, span, event);
            }
            ("stop" | "exception", Some(_)) => {
                let of_it = |(_, start): &(FollowedSpan, OwnedEvent)| {
                    start.name.strip_suffix(".start").is_some_and(|known| known == prefix)
                };
                match key
                    .filter(|key| self.open.get(key).is_some_and(of_it))
                    .and_then(|key| self.open.remove(&key))
                {
                    Some((followed, start)) => {
                        let took =
                            event.measurements.get("duration").and_then(Json::as_u64).unwrap_or_default();
                        self.now = self.now.max(started(&start) + Duration::from_nanos(took));
                        followed.on_end(&event.as_event());
                    }
                    None => self.single(event),
                }
            }
            _ => self.single(event),
        }
    }

    fn start(&mut self, prefix: &str, span: SpanIds, event: &OwnedEvent) {
        let key = (span.trace_id, span.id);
        // One name too many for a process, or a start that comes twice.
        let Some(prefix) = interned(prefix).filter(|_| !self.spans.contains_key(&key)) else { return };
        let metadata = &event.metadata;
        let text = |key: &str| metadata.get(key).and_then(Json::as_str).map(str::to_owned);
        let own = |key: &str| metadata.get(key).and_then(Json::as_str);
        // A delegation is the caller's.
        let session = if prefix == "condukt.subagent" { own("parent_session_id") } else { own("session_id") };
        let opening = Opening {
            prefix,
            started: started(event),
            conversation: session.or_else(|| own("run_id")),
            agent: own("agent").map(Cow::Borrowed),
            text: &text,
        };
        self.now = self.now.max(opening.started);
        let around = span.parent_id.and_then(|parent| self.spans.get(&(span.trace_id, parent)));
        let rollup = around.and_then(|around| around.rollup.clone());
        let within = around.and_then(|around| around.otel.clone()).unwrap_or_default();
        let mut followed = self.bridge.follow(&opening, rollup, false);
        let inner = self.bridge.inner();
        let identity = match (&inner.spans, Busy::begin()) {
            (Some(source), Some(_busy)) => inner.start(&**source, &opening, &within, &mut followed),
            _ => SpanIdentity::default(),
        };
        let exported = Exported { identity, otel: followed.otel.clone(), rollup: followed.place.inner() };
        self.spans.insert(key, exported);
        self.open.insert(key, (followed, event.clone()));
        self.order.push(key);
    }

    /// A single event belongs to the span that it was emitted in. Its time is its own, else that of the event before it.
    fn single(&mut self, event: &OwnedEvent) {
        let Some(_busy) = Busy::begin() else { return };
        let mut event = event.clone();
        let span = event.span.and_then(|span| self.spans.get(&(span.trace_id, span.id)));
        event.span = span.and_then(|span| {
            let identity = span.identity;
            Some(SpanIds::new(identity.trace_id?, identity.id?, identity.parent.map(|(_, id)| id)))
        });
        let since = self.now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        event.measurements.entry("system_time").or_insert(nanos.into());
        let _current = span.and_then(|span| span.otel.clone()).map(OtelContext::attach);
        self.bridge.inner().single(&event.as_event());
    }

    /// Ends what has no end, the innermost first, and returns how many spans there were.
    pub(crate) fn finish(mut self) -> usize {
        for key in self.order.iter().rev() {
            let Some((followed, start)) = self.open.remove(key) else { continue };
            let took = self.now.duration_since(started(&start)).unwrap_or_default();
            let prefix = start.name.strip_suffix(".start").unwrap_or(&start.name);
            let mut end = OwnedEvent::new(format!("{prefix}.exception"))
                .with_measurement("duration", u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
            end.metadata = start.metadata;
            end.span = start.span;
            let end = end
                .with_metadata("kind", "cancelled")
                .with_metadata("reason", "the recording has no end of it");
            followed.on_end(&end.as_event());
        }
        self.order.len()
    }
}

/// When a span began.
fn started(start: &OwnedEvent) -> SystemTime {
    let nanos = start.measurements.get("system_time").and_then(Json::as_u64).unwrap_or_default();
    UNIX_EPOCH + Duration::from_nanos(nanos)
}
