//! What the documented spans and events are, and which keys they have.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use telemetry_catalogue::{END, EVENTS, EXCEPTION, FieldSpec, SPANS, START};
use telemetry_runtime::AgentProcess;

use super::*;

/// A context in which every documented key is known.
fn knowing(capture: &Capture) -> Context {
    let process = || AgentProcess::start("agent", || Ok::<_, ()>(())).unwrap();
    let context = capture.context().with_session_id("caller");
    let context = context.scope(|| {
        let (outer, delegate) = (process(), || in_span!(agent; || Context::current()));
        outer.context().scope(|| {
            let inner = process();
            inner.context().scope(|| in_span!(subagent, role = "r", child_agent = "c"; || delegate()))
        })
    });
    let context =
        context.scope(|| in_span!(iteration, iteration = 1, stop(|_| action = "a"); || Context::current()));
    let _ = capture.take();
    context.with_tool_call_id("call_1")
}

fn keys(map: &serde_json::Map<String, Json>) -> BTreeSet<&str> {
    map.keys().map(String::as_str).collect()
}

fn of(fields: &'static [FieldSpec]) -> impl Iterator<Item = &'static str> {
    fields.iter().map(|field| field.key)
}

fn ok() -> Result<u8, &'static str> {
    Ok(1)
}

fn failing() -> Result<u8, &'static str> {
    Err("no")
}

fn panicking() -> Result<u8, &'static str> {
    panic!("boom")
}

/// Runs a span with an `Ok`, an `Err` and a panic.
macro_rules! endings {
        ($($span:tt)*) => {{
            _ = in_span!($($span)*; || ok());
            _ = in_span!($($span)*; || failing());
            assert!(catch_unwind(AssertUnwindSafe(|| in_span!($($span)*; || panicking()))).is_err());
        }};
    }

#[test]
fn every_span_has_the_keys_of_the_catalogue_and_no_others() {
    let capture = testing::capture();
    knowing(&capture).scope(|| {
        endings!(agent, prompt = "p", stop(|_| output = "o"));
        endings!(
            llm_turn,
            model = "m",
            turn = 1,
            messages = 2,
            streaming = true,
            tool_count = 3,
            provider = "p",
            parameters = 4,
            tools = 5,
            stop(
                |_| assistant_message = 4,
                usage = 5,
                finish_reason = 6,
                response_model = "r",
                response_id = "i"
            )
        );
        endings!(tool_call, tool = "t", args = ());
        endings!(subagent, role = "r", child_agent = "c", input = true, output = false);
        endings!(operation, operation = "o", prompt = "p", stop(|_| output = "o"));
        endings!(run, structured = true, input = true, prompt = "p", stop(|_| output = "o"));
        endings!(agent_message, message = "m", stop(|_| iterations = 1, result = 2, bindings = 3));
        endings!(iteration, iteration = 1, stop(|_| action = "a"));
        endings!(
            llm_request,
            model = "m",
            message_count = 1,
            provider = "p",
            stop(|_| usage = 2, finish_reason = 3, response_model = "r", response_id = "i", object = 4)
        );
        endings!(sandbox_eval, code = "c");
    });
    let events = capture.events();
    assert_eq!(events.len(), SPANS.len() * 6);
    for (span, events) in SPANS.iter().zip(events.chunks(6)) {
        let [start, stop, exception] = span.events;
        let names: Vec<&str> = events.iter().map(|event| &*event.name).collect();
        assert_eq!(names, [start, stop, start, stop, start, exception]);
        let given: BTreeSet<&str> =
            span.context.iter().map(|key| key.as_str()).chain(of(span.start)).collect();
        let with = |more: &[&'static str]| {
            given.iter().copied().chain(more.iter().copied()).collect::<BTreeSet<_>>()
        };
        let is = |attribute: &str| span.short_name == attribute;
        for event in events {
            assert!(given.is_subset(&keys(&event.metadata)), "{}: {given:?}", event.name);
            let times = if event.name == start { START } else { &END[..2] };
            assert_eq!(keys(&event.measurements), of(times).collect(), "{}", event.name);
        }
        assert_eq!(keys(&events[0].metadata), given, "{start}");
        // A sub-agent that starts no child has no session; an evaluation has a result or an error.
        let own = of(span.stop).filter(|key| !(is("subagent") || is("sandbox_eval") && *key == "error"));
        assert_eq!(keys(&events[1].metadata), with(&own.chain(["status"]).collect::<Vec<_>>()), "{stop}");
        let success = if is("sandbox_eval") { &["success"][..] } else { &[] };
        let failed = with(&[&["status", "error", "error_type"], success].concat());
        assert_eq!(keys(&events[3].metadata), failed, "{stop} on `Err`");
        assert_eq!(keys(&events[5].metadata), with(&of(EXCEPTION).collect::<Vec<_>>()), "{exception}");
        let kind = events[0].as_event().category();
        assert_eq!(kind, Some(span.category), "{start}");
    }
}

#[test]
fn every_single_event_has_the_keys_of_the_catalogue_and_no_others() {
    let capture = testing::capture();
    knowing(&capture).scope(|| {
        emit!(secrets_resolve, count = 1, names = ["A"]);
        emit!(secrets_access, count = 1, tool = "t", names = ["A"]);
        emit!(compact, duration = 1, before = 2, after = 3);
        emit!(agent_started);
        emit!(agent_stopped);
        emit!(
            evaluation,
            name = "n",
            score = 0.5,
            label = "l",
            explanation = "e",
            response_id = "r",
            error_type = "t"
        );
    });
    let events = capture.events();
    let emitted = EVENTS.iter().filter(|event| event.emit != "handler_failure");
    for (event, known) in events.iter().zip(emitted) {
        assert_eq!(event.name, known.name);
        assert_eq!(keys(&event.measurements), of(known.measurements).collect(), "{}", event.name);
        let context = known.context.iter().map(|key| key.as_str());
        assert_eq!(keys(&event.metadata), context.chain(of(known.metadata)).collect(), "{}", event.name);
        assert_eq!(event.as_event().category(), Some(known.category));
    }
    // The one left is a handler's failure, which `suites/telemetry.rs` holds to its keys.
    assert_eq!((events.len(), EVENTS[5].emit), (6, "handler_failure"));
}
