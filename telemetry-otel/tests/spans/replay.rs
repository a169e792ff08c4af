//! A recording is exported as the run itself was, at its own times; and spans that are seen before they end.

use std::time::{Duration, SystemTime};

use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value as Json, json};
use telemetry_otel::Content;
use telemetry_runtime::testing::{self, FakeClock, Recording};
use telemetry_runtime::{Context, EventMetadata, OwnedEvent, emit, in_span};

use crate::common::{Kept, attributes_of, kept, shown};

#[derive(EventMetadata)]
#[span("shop.find", stop(hits))]
struct Find<'a> {
    query: &'a str,
}

/// A run with all that a span can be: inside of each other, failed, panicked, of the user's own, judged.
fn run(clock: &FakeClock) {
    let pass = || clock.advance(Duration::from_millis(250));
    in_span!(agent, agent = "shop::Clerk"; || {
        in_span!(llm_turn, model = "openai:gpt-4o", turn = 0, messages = json!([{"role": "user", "content": "How warm is it?"}]),
            stop(|_| assistant_message = "Cold.", usage = json!({"input_tokens": 3, "output_tokens": 2}), finish_reason = "stop"); || pass());
        let _ = in_span!(llm_turn, model = "openai:gpt-4o", turn = 1, messages = "again", stop(|()|); || {
            pass();
            Err::<(), _>("rate limited")
        });
        in_span!(tool_call, tool = "find", args = json!({"q": "Oslo"}), tool_call_id = "c"; || {
            in_span!(Find { query: "Oslo" }, stop(|n| hits = n); || { pass(); 3 });
            emit!(compact, duration = Duration::from_millis(5), before = 4, after = 2);
        });
        in_span!(subagent, role = "helper", child_agent = "Child"; || in_span!(agent, agent = "Child"; || {
            let _ = std::panic::catch_unwind(|| in_span!(tool_call, tool = "t", args = json!({}); || -> () { panic!("boom") }));
        }));
        emit!(evaluation, name = "relevance", score = 1);
    });
}

/// What was recorded, and what was exported meanwhile.
fn live(end: impl FnOnce(Kept, Vec<OwnedEvent>)) {
    let kept = kept(|builder| builder.content(Content::On { max_bytes: 1000 }).exception_events(true));
    let clock = FakeClock::new();
    let capture = testing::capture().deterministic(&clock, 7);
    capture.scope(|| run(&clock));
    // As it is written and read.
    let lines: Vec<String> =
        capture.events().iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    end(kept, lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect());
}

/// A span without its ids: with its times, and the name of the span around it.
fn told(span: &SpanData, all: &[SpanData]) -> Json {
    let parent = all.iter().find(|parent| parent.span_context.span_id() == span.parent_span_id);
    let time = |at: SystemTime| {
        u64::try_from(at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos()).unwrap()
    };
    json!([shown(span), time(span.start_time), time(span.end_time), parent.map(|parent| &*parent.name)])
}

fn all_told(kept: &Kept) -> Vec<Json> {
    let spans = kept.spans();
    spans.iter().map(|span| told(span, &spans)).collect()
}

#[test]
fn a_recording_is_exported_as_the_run_was() {
    let mut recorded = None;
    live(|kept, events| recorded = Some((all_told(&kept), kept.records(), events)));
    let (spans, records, events) = recorded.unwrap();
    assert_eq!(spans.len(), 8);
    let again = kept(|builder| builder.content(Content::On { max_bytes: 1000 }).exception_events(true));
    assert_eq!(again.replay(Recording::new(events).events()), 8);
    assert_eq!(all_told(&again), spans);
    assert_eq!(again.records(), records);
    let trace = again.spans()[0].span_context.trace_id();
    assert!(again.spans().iter().all(|span| span.span_context.trace_id() == trace));
    // Records carry the span's new ids and its own time.
    let ids: Vec<_> = again.spans().iter().map(|span| span.span_context.span_id()).collect();
    let begins = again.spans().iter().map(|span| span.start_time).min().unwrap();
    let ends = again.spans().iter().map(|span| span.end_time).max().unwrap();
    for log in again.logs() {
        assert!(ids.contains(&log.record.trace_context().unwrap().span_id));
        assert!((begins..=ends).contains(&log.record.timestamp().unwrap()), "{:?}", log.record);
    }
    // Metrics have no times of their own.
    assert!(again.metrics().is_empty(), "{:?}", again.metrics());
}

#[test]
fn a_recorded_span_without_an_end_is_cancelled() {
    let mut recorded = Vec::new();
    live(|_, events| recorded = events);
    // The process was killed while the tool ran.
    let killed = recorded.iter().position(|event| event.name == "shop.find.stop").unwrap();
    let kept = kept(|builder| builder);
    assert_eq!(kept.replay(&recorded[..killed]), 5);
    let names: Vec<_> = kept.spans().iter().map(|span| span.name.to_string()).collect();
    assert_eq!(names[2..], ["shop.find", "execute_tool find", "invoke_agent Clerk"], "the innermost first");
    for span in &kept.spans()[2..] {
        assert_eq!(
            attributes_of(span).iter().filter(|(key, _)| key.ends_with(".cancelled")).count(),
            1,
            "{span:?}"
        );
        assert!(span.end_time >= span.start_time);
    }
}

#[test]
fn a_recording_that_is_torn_is_exported_as_far_as_it_goes() {
    let mut recorded = Vec::new();
    live(|_, events| recorded = events);
    let kept = kept(|builder| builder);
    // Ends without their starts, starts that come twice, an end of another name.
    recorded.remove(0);
    let twice: Vec<OwnedEvent> = recorded.iter().flat_map(|event| [event.clone(), event.clone()]).collect();
    assert_eq!(kept.replay(twice), 7);
    assert_eq!(kept.spans().len(), 7);
}

#[test]
fn a_span_is_seen_as_soon_as_it_begins_where_that_is_asked_for() {
    let kept = kept(|builder| builder.start_spans(true));
    Context::new().with_session_id("s-1").scope(|| in_span!(agent, agent = "a"; || {
        let seen = kept.spans();
        assert_eq!(seen.len(), 1, "before the agent has ended");
        let began = &seen[0];
        assert_eq!((&*began.name, began.start_time), ("invoke_agent a started", began.end_time));
        assert_eq!(
            json!(attributes_of(began)),
            json!({"telemetry.span.started": true, "gen_ai.agent.name": "a", "gen_ai.conversation.id": "s-1",
                "openinference.span.kind": "CHAIN"})
        );
        in_span!(run; || ());
    }));
    let agent = kept.span("invoke_agent a");
    assert_eq!(kept.span("invoke_agent a started").parent_span_id, agent.span_context.span_id());
    assert_eq!(kept.span("run started").parent_span_id, kept.span("run").span_context.span_id());
    // It is no span of ours to what runs inside.
    assert_eq!(kept.span("run").parent_span_id, agent.span_context.span_id());
    assert_eq!(kept.metrics()["condukt.agent.duration"]["points"][0]["count"], 1);
}
