//! Spans that are ended by hand.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;
use telemetry_runtime::{
    Context, EventMetadata, InContext, OpenSpan, OwnedEvent, StopMetadata, open_span, record, spans, testing,
    tool_call,
};

#[derive(EventMetadata)]
#[span("shop.retrieval", stop(hits, cached))]
struct Retrieval<'a> {
    query: &'a str,
    top_k: usize,
}

#[derive(StopMetadata)]
#[stop_of(llm_turn)]
struct Reply {
    assistant_message: String,
    finish_reason: &'static str,
}

fn ends(capture: &testing::Capture) -> Vec<OwnedEvent> {
    capture.events().into_iter().filter(|event| !event.name.ends_with(".start")).collect()
}

fn ended(run: impl FnOnce()) -> OwnedEvent {
    let capture = testing::capture();
    capture.scope(run);
    let mut ends = ends(&capture);
    assert_eq!(ends.len(), 1, "{ends:?}");
    ends.remove(0)
}

#[test]
fn a_value_it_stops_with_is_as_if_returned() {
    let stop = ended(|| {
        let turn = open_span!(llm_turn, model = "m", turn = 0, messages = ["hi"]);
        turn.stop(&Reply { assistant_message: "hello".into(), finish_reason: "stop" });
    });
    assert_eq!(stop.name, "condukt.llm_turn.stop");
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!(stop.get("assistant_message").unwrap(), "hello");
    assert_eq!(stop.get("finish_reason").unwrap(), "stop");
    assert_eq!(stop.get("model").unwrap(), "m");
}

#[test]
fn a_tool_stops_with_its_result() {
    let stop = ended(|| {
        let span = open_span!(tool_call, tool = "search", args = r#"{"q": "Oslo"}"#, tool_call_id = "call_1");
        span.stop(&vec!["a", "b"]);
    });
    assert_eq!(stop.get("args").unwrap(), &json!({"q": "Oslo"}));
    assert_eq!(stop.get("tool_call_id").unwrap(), "call_1");
    assert_eq!(stop.get("result").unwrap(), &json!(["a", "b"]));
}

#[test]
fn an_error_it_fails_with_has_its_causes_and_its_kind() {
    let stop = ended(|| open_span!(agent).fail(&std::fmt::Error));
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error_type").unwrap(), "Error");

    let error = anyhow::anyhow!("refused").context("cannot call the model");
    let stop = ended(|| open_span!(agent).fail(&*error));
    assert_eq!(stop.get("error").unwrap(), "cannot call the model: refused");

    let stop = ended(|| open_span!(agent).fail("no such city"));
    assert_eq!(stop.get("error").unwrap(), "no such city");
}

#[test]
fn recorded_keys_are_on_every_end() {
    let open = || {
        let span = open_span!(llm_turn, model = "m", messages = (), fields(region = "eu"));
        record!(span; usage = json!({"input_tokens": 3}), fields(attempt = 2));
        span
    };
    for (end, name) in [
        (ended(|| open().end()), "condukt.llm_turn.stop"),
        (ended(|| open().fail("no")), "condukt.llm_turn.stop"),
        (ended(|| drop(open())), "condukt.llm_turn.exception"),
    ] {
        assert_eq!(end.name, name);
        assert_eq!(end.get("usage").unwrap(), &json!({"input_tokens": 3}));
        assert_eq!((end.get("attempt").unwrap(), end.get("region").unwrap()), (&json!(2), &json!("eu")));
    }
}

#[test]
fn one_that_is_dropped_is_cancelled_once() {
    let end = ended(|| drop(open_span!(agent, agent = "A")));
    assert_eq!((&*end.name, end.get("kind").unwrap()), ("condukt.agent.exception", &json!("cancelled")));
    let end = ended(|| {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _span = open_span!(agent, agent = "A");
            std::panic::panic_any(());
        }));
    });
    assert_eq!(end.get("kind").unwrap(), "cancelled");
}

#[test]
fn work_in_its_context_is_inside() {
    #[tool_call]
    fn look() -> u8 {
        1
    }
    let capture = testing::capture();
    capture.scope(|| {
        let agent = open_span!(agent, agent = "A");
        agent.context().scope(look);
        futures::executor::block_on(async { look() }.in_context(agent.context()));
        look();
        agent.end();
    });
    let starts = capture.events();
    let agent = starts[0].span.unwrap();
    let parents: Vec<_> =
        capture.named("condukt.tool_call.start").iter().map(|e| e.span.unwrap().parent_id).collect();
    assert_eq!(parents, [Some(agent.id), Some(agent.id), None]);
    assert_eq!(starts[1].get("session_id"), starts[0].get("session_id"));
}

#[test]
fn it_travels_between_threads_and_is_kept_by_id() {
    fn is_portable<T: Send + 'static>(_: &T) {}
    let capture = testing::capture();
    let mut open: HashMap<String, OpenSpan<spans::tool_call>> = HashMap::new();
    capture.scope(|| {
        let span = open_span!(tool_call, tool = "t", args = ());
        is_portable(&span);
        open.insert("call_1".into(), span);
    });
    let span = open.remove("call_1").unwrap();
    std::thread::spawn(move || span.stop(&1)).join().unwrap();
    assert_eq!(capture.names(), ["condukt.tool_call.start", "condukt.tool_call.stop"]);
}

#[test]
fn a_span_of_ones_own_is_opened_too() {
    let query = String::from("Oslo");
    let stop = ended(|| {
        let span = open_span!(Retrieval { query: &query, top_k: 3 }, fields(shard = 7));
        record!(span; hits = 2, cached = true);
        span.end();
    });
    assert_eq!(stop.name, "shop.retrieval.stop");
    assert_eq!(stop.get("query").unwrap(), "Oslo");
    assert_eq!((stop.get("hits").unwrap(), stop.get("shard").unwrap()), (&json!(2), &json!(7)));
}

#[test]
fn a_model_s_answer_is_read() {
    let stop = ended(|| {
        let turn = open_span!(llm_turn, model = "m", messages = (), response);
        turn.stop(&json!({
            "id": "chatcmpl-1", "model": "gpt-4o-2024-08-06",
            "choices": [{"message": {"role": "assistant", "content": "Cold."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14},
        }));
    });
    assert_eq!(stop.get("response_model").unwrap(), "gpt-4o-2024-08-06");
    assert_eq!(stop.get("response_id").unwrap(), "chatcmpl-1");
    assert_eq!(stop.get("finish_reason").unwrap(), "stop");
    assert_eq!(stop.get("usage").unwrap()["input"], 12);
}

#[test]
fn with_no_handler_it_costs_no_span_and_its_context_is_the_one_around() {
    let span = open_span!(agent, agent = "A");
    assert!(span.context().span().is_none() || !span.is_observed());
    record!(span; output = "x");
    span.end();
    let context = Context::new().with_session_id("s-1");
    let span = context.scope(|| open_span!(llm_turn, model = "m", messages = ()));
    assert_eq!(span.context().session_id(), Some("s-1"));
    span.end();
}

#[test]
fn items_of_a_stream_are_counted_and_timed() {
    let clock = testing::FakeClock::new();
    let capture = testing::capture().deterministic(&clock, 1);
    capture.scope(|| {
        let mut turn = open_span!(llm_turn, model = "m", messages = ());
        clock.advance(std::time::Duration::from_nanos(5));
        turn.item(false);
        clock.advance(std::time::Duration::from_nanos(2));
        turn.item(true);
        turn.item(true);
        turn.end();
    });
    let stop = &ends(&capture)[0];
    let measured = |key: &str| stop.measurements.get(key).cloned().unwrap();
    assert_eq!(measured("items"), 3);
    assert_eq!((measured("time_to_first_item"), measured("time_to_first_token")), (json!(5), json!(7)));
}
