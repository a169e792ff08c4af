//! The rules of the contract, one test each: what attributes capture and when, what derives make of
//! types, what handlers are given, what a context holds, and what span hooks follow.
//!
//! The modules are the contract's sections. Whole examples are in `design.rs`, the registry's rules
//! in `telemetry_suite.rs`, how spans end in `endings.rs`, other processes in `propagation.rs`.

use std::fmt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    Context, Event, EventMetadata, InContext as _, OwnedEvent, StopMetadata, agent_span, emit, event_name,
    event_names, execute, in_span, record, tool_call,
};

/// Says itself differently by each way to be recorded.
#[derive(Clone)]
struct Said;

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("serialize")
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("display")
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("debug")
    }
}

/// Counts how often it is serialised. `Copy`, so it is kept.
#[derive(Clone, Copy)]
struct Counted<'a>(&'a AtomicUsize);

impl Serialize for Counted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_str("counted")
    }
}

/// The same, and not `Copy`.
struct Owned<'a>(Counted<'a>);

impl Serialize for Owned<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}

/// Notes that it was evaluated.
fn evaluated<T>(counter: &AtomicUsize, value: T) -> T {
    counter.fetch_add(1, Ordering::Relaxed);
    value
}

/// The first event under a capture, and the last.
fn first_and_last(capture: &Capture) -> (OwnedEvent, OwnedEvent) {
    let events = capture.events();
    (events.first().unwrap().clone(), events.last().unwrap().clone())
}

/// What the stop of a span is, run under a capture of its own.
fn stop_of<R>(run: impl FnOnce() -> R) -> OwnedEvent {
    let capture = testing::capture();
    capture.scope(run);
    let (_, stop) = first_and_last(&capture);
    assert!(stop.name.ends_with(".stop"), "{stop:?}");
    stop
}

/// Runs a test in a process of its own, where no other has attached anything. True in that process.
fn alone(test: &str) -> bool {
    const ALONE: &str = "CONTRACT_ALONE";
    if std::env::var_os(ALONE).is_some_and(|name| name == test) {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, test)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("1 passed"), "{}", text(&output.stdout));
    false
}

mod documented {
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
        let context = context
            .scope(|| in_span!(iteration, iteration = 1, stop(|_| action = "a"); || Context::current()));
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
        });
        let events = capture.events();
        for (event, known) in events.iter().zip(EVENTS) {
            assert_eq!(event.name, known.name);
            assert_eq!(keys(&event.measurements), of(known.measurements).collect(), "{}", event.name);
            let context = known.context.iter().map(|key| key.as_str());
            assert_eq!(keys(&event.metadata), context.chain(of(known.metadata)).collect(), "{}", event.name);
            assert_eq!(event.as_event().category(), Some(known.category));
        }
        // The one left is a handler's failure, which `telemetry_suite.rs` holds to its keys.
        assert_eq!((events.len(), EVENTS[5].emit), (5, "handler_failure"));
    }
}

mod values {
    use super::*;

    #[agent_span(llm_turn, model = %said, turn = 0, messages = ?said, fields(bare = said, display = %said, debug = ?said),
                 stop(|said| assistant_message = said, usage = %said, finish_reason = ?said))]
    fn turn(said: &Said) -> Said {
        said.clone()
    }

    #[test]
    fn a_sigil_says_how() {
        let capture = testing::capture();
        capture.scope(|| turn(&Said));
        let (start, stop) = first_and_last(&capture);
        for event in [&start, &stop] {
            assert_eq!(event.get("model").unwrap(), "display");
            assert_eq!(event.get("messages").unwrap(), "debug");
            assert_eq!(event.get("bare").unwrap(), "serialize");
            assert_eq!(event.get("display").unwrap(), "display");
            assert_eq!(event.get("debug").unwrap(), "debug");
        }
        assert_eq!(stop.get("assistant_message").unwrap(), "serialize");
        assert_eq!(stop.get("usage").unwrap(), "display");
        assert_eq!(stop.get("finish_reason").unwrap(), "debug");
    }

    #[test]
    fn a_sigil_says_how_in_the_other_macros_too() {
        let capture = testing::capture();
        capture.scope(|| {
            in_span!(llm_turn, model = ?Said, turn = 0, messages = %Said, fields(bare = Said), stop(|_| finish_reason = %Said); || {
                record!(llm_turn, usage = ?Said, assistant_message = Said);
            });
            emit!(compact, duration = 1, before = 2, after = 3, fields(bare = Said, display = %Said, debug = ?Said));
        });
        let events = capture.events();
        let turn = only(&events, "condukt.llm_turn.stop");
        assert_eq!(
            ["model", "messages", "bare", "finish_reason", "usage", "assistant_message"]
                .map(|key| turn.get(key).unwrap()),
            ["debug", "display", "serialize", "display", "debug", "serialize"]
        );
        let compact = only(&events, "condukt.compact.stop");
        assert_eq!(
            json!(compact.metadata),
            json!({"bare": "serialize", "display": "display", "debug": "debug"})
        );
    }

    #[test]
    fn every_kind_of_value_is_itself() {
        let stop = stop_of(|| {
            in_span!(run, fields(
                yes = true, small = -1_i8, big = u64::MAX, float = 1.5, letter = 'x', text = "t", owned = String::from("o"),
                unit = (), list = [1, 2], tuple = (1, "a"), map = json!({"k": null}), some = Some(3)); || ());
        });
        assert_eq!(
            json!(stop.metadata),
            json!({
                "yes": true, "small": -1, "big": u64::MAX, "float": 1.5, "letter": "x", "text": "t", "owned": "o",
                "unit": null, "list": [1, 2], "tuple": [1, "a"], "map": {"k": null}, "some": 3,
                "status": "ok", "session_id": stop.get("session_id"),
            })
        );
    }

    #[agent_span(llm_turn, model = None::<String>, turn = None::<u32>, messages = None::<Vec<u8>>, streaming = None::<bool>,
                 fields(own = None::<u8>, shown = ?None::<u8>))]
    fn nothing() -> Option<Reply> {
        Some(Reply { usage: None, finish_reason: Some("stop") })
    }

    #[derive(StopMetadata)]
    #[stop_of(llm_turn)]
    struct Reply {
        usage: Option<u8>,
        finish_reason: Option<&'static str>,
    }

    #[test]
    fn none_leaves_the_key_absent() {
        let stop = stop_of(nothing);
        // The `Debug` text of a `None` is a text.
        assert_eq!(json!(stop.metadata), json!({"finish_reason": "stop", "shown": "None", "status": "ok"}));

        #[allow(clippy::ref_option, reason = "it is what is tested")]
        #[tool_call]
        fn find(by: Option<u8>, near: &Option<String>, most: Option<u8>, text: Option<String>) -> Option<u8> {
            drop(text);
            by.filter(|_| near.is_none()).and(most)
        }
        let stop = stop_of(|| find(None, &None, Some(1), None));
        assert_eq!(stop.get("args").unwrap(), &json!({"most": 1}));
        assert_eq!(stop.get("result"), None);
        let stop = stop_of(|| find(Some(1), &None, Some(2), Some("t".to_owned())));
        assert_eq!(stop.get("args").unwrap(), &json!({"by": 1, "most": 2, "text": "t"}));
        assert_eq!(stop.get("result").unwrap(), 2);
    }

    #[test]
    fn a_parameter_that_is_none_leaves_its_key_absent() {
        #[agent_span(agent_message, stop(|()|))]
        fn number(message: Option<u8>) {
            let _ = message;
        }
        #[allow(clippy::ref_option, reason = "it is what is tested")]
        #[agent_span(agent_message, stop(|()|))]
        fn reference(message: &Option<Vec<u8>>) {
            let _ = message;
        }
        #[agent_span(agent_message, stop(|()|))]
        fn owned(message: Option<String>) {
            drop(message);
        }
        assert_eq!(
            [stop_of(|| number(None)), stop_of(|| reference(&None)), stop_of(|| owned(None))]
                .map(|stop| stop.get("message").cloned()),
            [const { None }; 3]
        );
        assert_eq!(stop_of(|| number(Some(1))).get("message").unwrap(), 1);
        assert_eq!(stop_of(|| reference(&Some(vec![1]))).get("message").unwrap(), &json!([1]));
        assert_eq!(stop_of(|| owned(Some("s".to_owned()))).get("message").unwrap(), "s");
    }

    #[test]
    fn a_key_that_is_no_rust_name_stands_in_quotes() {
        #[agent_span(agent, fields("shop.region" = "eu", r#type = "t", "zwölf" = 12))]
        fn answer() {}

        let stop = stop_of(answer);
        assert_eq!(stop.get("shop.region").unwrap(), "eu");
        assert_eq!(stop.get("type").unwrap(), "t");
        assert_eq!(stop.get("zwölf").unwrap(), 12);
    }
}

mod parameters {
    use super::*;

    #[agent_span(llm_turn, stop(|()|))]
    fn by_name(model: &str, turn: u32, messages: &[&str], streaming: bool, tool_count: usize) {
        assert!(streaming && tool_count == 3 && turn == 1 && model == "m" && messages.len() == 1);
    }

    #[test]
    fn a_required_key_is_taken_from_the_parameter_of_its_name() {
        let stop = stop_of(|| by_name("m", 1, &["hi"], true, 3));
        assert_eq!(stop.get("model").unwrap(), "m");
        assert_eq!(stop.get("turn").unwrap(), 1);
        assert_eq!(stop.get("messages").unwrap(), &json!(["hi"]));
        // A boolean one, and one that may be left out, are always said.
        assert_eq!((stop.get("streaming?"), stop.get("tool_count")), (None, None));
    }

    #[agent_span(llm_turn, streaming, tool_count, model = "other", stop(|()|))]
    fn said(model: &str, turn: u32, messages: &str, streaming: bool, tool_count: u8) {
        assert!(streaming && tool_count == 3 && turn == 1 && model == "m" && messages == "hi");
    }

    #[test]
    fn a_key_that_is_said_alone_is_the_parameter() {
        let stop = stop_of(|| said("m", 1, "hi", true, 3));
        assert_eq!(stop.get("streaming?").unwrap(), true);
        assert_eq!(stop.get("tool_count").unwrap(), 3);
        assert_eq!(stop.get("model").unwrap(), "other", "what is said goes before the parameter");
    }

    #[agent_span(llm_turn, model = "m", turn = 0, skip(messages), messages = messages.len(), stop(|()|))]
    fn skipped(messages: &[&str]) {
        assert!(!messages.is_empty());
    }

    #[test]
    fn a_skipped_parameter_is_not_taken() {
        assert_eq!(stop_of(|| skipped(&["secret"])).get("messages").unwrap(), 1);

        #[tool_call(skip(token))]
        fn some(city: &str, token: &str) -> usize {
            city.len() + token.len()
        }
        assert_eq!(stop_of(|| some("Oslo", "t")).get("args").unwrap(), &json!({"city": "Oslo"}));

        #[tool_call(skip_all, fields(city))]
        fn none(city: &str, token: &str) -> usize {
            city.len() + token.len()
        }
        let stop = stop_of(|| none("Oslo", "t"));
        assert_eq!(stop.get("args").unwrap(), &json!({}));
        assert_eq!(stop.get("city").unwrap(), "Oslo");
    }

    struct Client {
        model: String,
        turns: u32,
    }

    impl Client {
        #[agent_span(llm_turn, model = self.model.as_str(), turn = self.turns, messages = (&prompt, prompt.len()), stop(|()|))]
        async fn ask(&mut self, prompt: String) {
            self.turns += 1;
            self.model.clear();
            tokio::task::yield_now().await;
            drop(prompt);
        }
    }

    #[tokio::test]
    async fn an_expression_is_evaluated_before_the_body_and_borrows_nothing_after() {
        let capture = testing::capture();
        let mut client = Client { model: "m".to_owned(), turns: 7 };
        capture.follow(client.ask("hi".to_owned())).await;
        let (start, stop) = first_and_last(&capture);
        for event in [start, stop] {
            assert_eq!(event.get("model").unwrap(), "m");
            assert_eq!(event.get("turn").unwrap(), 7);
            assert_eq!(event.get("messages").unwrap(), &json!(["hi", 2]));
        }
        assert_eq!(client.turns, 8);
    }

    #[agent_span(agent_message, stop(|()|))]
    fn kept(message: Counted<'_>) {
        let _ = message;
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "it is what is tested")]
    #[agent_span(agent_message, stop(|()|))]
    fn kept_reference(message: &Counted<'_>) {
        let _ = message;
    }

    #[agent_span(agent_message, stop(|()|))]
    fn serialised(message: Owned<'_>) {
        let _ = message;
    }

    #[agent_span(agent_message, message = Counted(counter), stop(|()|))]
    fn recorded(counter: &AtomicUsize) {
        assert_eq!(count(counter), 1, "before the body");
    }

    /// Runs under a handler that sees the span's two events and looks at the message of so many.
    fn looking(times: usize, run: impl FnOnce()) {
        let seen = AtomicUsize::new(0);
        let context = Context::current().with_handler(event_names!["legion.**"], move |event: &Event<'_>| {
            let message = event.metadata().get("message").unwrap();
            if seen.fetch_add(1, Ordering::Relaxed) < times {
                assert_eq!(message.to_json(), "counted");
            }
        });
        context.scope(run);
    }

    #[test]
    fn a_copy_parameter_is_kept_and_serialised_when_somebody_looks() {
        for times in 0..=2 {
            let counter = AtomicUsize::new(0);
            looking(times, || kept(Counted(&counter)));
            assert_eq!(count(&counter), times);
            looking(times, || kept_reference(&Counted(&counter)));
            assert_eq!(count(&counter), 2 * times);
        }
    }

    #[test]
    fn any_other_parameter_is_serialised_once_before_the_body() {
        for times in 0..=2 {
            let counter = AtomicUsize::new(0);
            looking(times, || serialised(Owned(Counted(&counter))));
            assert_eq!(count(&counter), 1);
        }
    }

    #[test]
    fn an_expression_is_serialised_once_before_the_body() {
        for times in 0..=2 {
            let counter = AtomicUsize::new(0);
            looking(times, || recorded(&counter));
            assert_eq!(count(&counter), 1);
        }
    }

    #[test]
    fn a_result_is_serialised_when_somebody_looks() {
        #[tool_call(skip_all)]
        fn tool(counter: &AtomicUsize) -> Counted<'_> {
            Counted(counter)
        }
        let counter = AtomicUsize::new(0);
        let looks = |looks: bool| {
            move |event: &Event<'_>| {
                if let Some(result) = event.metadata().get("result").filter(|_| looks) {
                    assert_eq!(result.to_json(), "counted");
                }
            }
        };
        let pattern = event_name!("condukt.tool_call.stop");
        Context::current().with_handler(pattern.clone(), looks(false)).scope(|| tool(&counter));
        assert_eq!(count(&counter), 0);
        Context::current().with_handler(pattern, looks(true)).scope(|| tool(&counter));
        assert_eq!(count(&counter), 1);
    }
}

mod evaluation {
    use std::cell::Cell;

    use super::*;

    #[derive(EventMetadata)]
    #[span("contract.silent", stop(hits))]
    struct Silent<'a> {
        query: Counted<'a>,
    }

    #[derive(EventMetadata)]
    #[event("contract.silent_event")]
    struct SilentEvent<'a> {
        #[event(measurement)]
        count: u64,
        query: Counted<'a>,
        #[event(debug)]
        debug: Unsaid<'a>,
    }

    /// Counts its `Debug` as an evaluation.
    struct Unsaid<'a>(&'a AtomicUsize);

    impl fmt::Debug for Unsaid<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fetch_add(1, Ordering::Relaxed);
            f.write_str("said")
        }
    }

    #[agent_span(agent, agent = evaluated(counter, "a"), fields(own = evaluated(counter, 1)), context = Context::current())]
    fn agent(counter: &AtomicUsize) {}

    #[agent_span(llm_turn, model = evaluated(counter, "m"), turn = 0, stop(|value| usage = evaluated(counter, value)))]
    fn turn(counter: &AtomicUsize, messages: Owned<'_>) -> u8 {
        let _ = messages;
        1
    }

    #[agent_span(run, fields(n = evaluated(counter, 1)), err(|error| error = evaluated(counter, error)))]
    fn run(counter: &AtomicUsize) -> Result<(), &'static str> {
        Err("no")
    }

    #[tool_call(tool_call_id = evaluated(counter, "call"), name = evaluated(counter, "tool"))]
    async fn tool<'a>(counter: &'a AtomicUsize, args: Owned<'a>) -> Counted<'a> {
        tokio::task::yield_now().await;
        args.0
    }

    #[agent_span(Silent { query: Counted(evaluated(counter, counter)) }, stop(|()| hits = evaluated(counter, 1)))]
    fn silent(counter: &AtomicUsize) {}

    #[agent_span(llm_request, model = evaluated(counter, "m"), message_count = 1, stream, item(|item| error = evaluated(counter, item)))]
    fn stream(counter: &AtomicUsize) -> impl futures::Stream<Item = &'static str> {
        futures::stream::iter(["a", "b"])
    }

    /// Everything that could be evaluated for an event, once.
    async fn everything(counter: &AtomicUsize) {
        agent(counter);
        turn(counter, Owned(Counted(counter)));
        run(counter).unwrap_err();
        tool(counter, Owned(Counted(counter))).await;
        silent(counter);
        let items: Vec<_> = futures::StreamExt::collect(stream(counter)).await;
        assert_eq!(items, ["a", "b"]);
        in_span!(operation, operation = evaluated(counter, "o"); || record!(operation, status = evaluated(counter, "fine")));
        in_span!(sandbox_eval, code = evaluated(counter, 1); async {}).await;
        emit!(compact, duration = 0, before = evaluated(counter, 1), after = 2);
        SilentEvent { count: 1, query: Counted(counter), debug: Unsaid(counter) }.emit();
        let metadata = std::collections::BTreeMap::from([("key", Counted(counter))]);
        execute(&event_name!("contract.silent_named"), &(), &metadata).unwrap();
    }

    #[tokio::test]
    async fn nothing_is_evaluated_when_nobody_listens() {
        if !alone("evaluation::nothing_is_evaluated_when_nobody_listens") {
            return;
        }
        let counter = AtomicUsize::new(0);
        everything(&counter).await;
        assert_eq!(count(&counter), 0);

        // Nor when somebody listens to something else.
        telemetry_runtime::attach(
            "elsewhere",
            event_names!["contract.elsewhere", "condukt.subagent.*"],
            |_: &Event<'_>| {},
        )
        .unwrap();
        everything(&counter).await;
        // But for who it is, which all that is inside would tell.
        assert_eq!(count(&counter), 2, "`agent` and `tool_call_id`");
        telemetry_runtime::detach("elsewhere").unwrap();
        counter.store(0, Ordering::Relaxed);

        // Nor once nobody listens any more.
        let capture = testing::capture();
        capture.follow(everything(&counter)).await;
        assert!(count(&counter) > 10, "{}", count(&counter));
        drop(capture);
        counter.store(0, Ordering::Relaxed);
        everything(&counter).await;
        assert_eq!(count(&counter), 0);
    }

    #[test]
    fn nothing_is_evaluated_for_a_handler_of_another_span() {
        let counter = AtomicUsize::new(0);
        let context = Context::current().with_handler(event_names!["condukt.agent.*"], |_: &Event<'_>| {});
        context.scope(|| {
            turn(&counter, Owned(Counted(&counter)));
            run(&counter).unwrap_err();
            silent(&counter);
        });
        assert_eq!(count(&counter), 0);
    }

    #[test]
    fn what_is_evaluated_is_evaluated_once() {
        let capture = testing::capture();
        let other = capture.context().with_handler(event_names!["condukt.**"], |_: &Event<'_>| {});
        let counter = AtomicUsize::new(0);
        other.scope(|| turn(&counter, Owned(Counted(&counter))));
        assert_eq!(count(&counter), 3, "model, messages, usage");
        counter.store(0, Ordering::Relaxed);
        other.scope(|| run(&counter).unwrap_err());
        assert_eq!(count(&counter), 2, "fields and err");
    }

    #[test]
    fn a_record_outside_of_its_span_is_not_evaluated() {
        let capture = testing::capture();
        let counter = AtomicUsize::new(0);
        capture.scope(|| in_span!(run; || record!(llm_turn, usage = evaluated(&counter, 1))));
        assert_eq!(count(&counter), 0);
        assert_eq!(capture.events()[1].get("usage"), None);
    }

    #[test]
    fn what_only_the_stop_needs_is_evaluated_after_the_body() {
        let order = Cell::new("");
        let note = |now: &'static str, before: &str| {
            assert_eq!(order.get(), before);
            order.set(now);
            now
        };
        let stop = stop_of(|| {
            in_span!(llm_turn, model = note("start", ""), turn = 0, messages = (), stop(|_| usage = note("stop", "body")); || {
                note("body", "start");
            });
        });
        assert_eq!(stop.get("usage").unwrap(), "stop");
    }
}

mod precedence {
    use futures::StreamExt as _;

    use super::*;

    #[derive(EventMetadata)]
    #[span("contract.ranked", stop(level))]
    struct Ranked {
        level: &'static str,
    }

    #[derive(StopMetadata)]
    #[stop_of(Ranked)]
    struct Derived {
        level: Option<&'static str>,
    }

    fn levels(capture: &Capture) -> (Json, Json) {
        let (start, stop) = first_and_last(capture);
        (start.get("level").unwrap().clone(), stop.get("level").unwrap().clone())
    }

    /// What the key is at the start and at the stop.
    fn ranked(run: impl FnOnce() -> Derived) -> (Json, Json) {
        let capture = testing::capture();
        capture.scope(run);
        levels(&capture)
    }

    #[test]
    fn later_wins() {
        #[agent_span(Ranked { level: "start" })]
        fn start() -> Derived {
            Derived { level: None }
        }

        #[agent_span(Ranked { level: "start" }, fields(level = "fields"))]
        fn fields() -> Derived {
            Derived { level: None }
        }

        #[agent_span(Ranked { level: "start" }, fields(level = "fields"))]
        fn derived() -> Derived {
            Derived { level: Some("derived") }
        }

        #[agent_span(Ranked { level: "start" }, fields(level = "fields"), stop(|_| level = "stop"))]
        fn stop() -> Derived {
            Derived { level: Some("derived") }
        }

        #[agent_span(Ranked { level: "start" }, fields(level = "fields"), stop(|_| level = "stop"))]
        fn recorded() -> Derived {
            record!(Ranked, level = "first record");
            record!(Ranked, level = "record");
            Derived { level: Some("derived") }
        }

        assert_eq!(ranked(start), (json!("start"), json!("start")));
        assert_eq!(ranked(fields), (json!("fields"), json!("fields")));
        assert_eq!(ranked(derived), (json!("fields"), json!("derived")));
        assert_eq!(ranked(stop), (json!("fields"), json!("stop")));
        assert_eq!(ranked(recorded), (json!("fields"), json!("record")));
    }

    #[test]
    fn none_replaces_nothing() {
        #[agent_span(Ranked { level: "start" }, stop(|_| level = None::<&str>))]
        fn unsaid() -> Derived {
            record!(Ranked, level = None::<&str>);
            Derived { level: Some("derived") }
        }
        assert_eq!(ranked(unsaid), (json!("start"), json!("derived")));
    }

    #[tokio::test]
    async fn of_a_stream_items_come_before_stop_and_record() {
        let items = || futures::stream::iter([Some("item"), None]);
        let capture = testing::capture();
        let stream = capture.scope(|| {
            in_span!(Ranked { level: "start" }, fields(level = "fields"), item(|item| level = item), stop(|()| level = None::<&str>); stream items())
        });
        capture.follow(stream.count()).await;
        assert_eq!(levels(&capture), (json!("fields"), json!("item")));

        let capture = testing::capture();
        let stream = capture.scope(
            || in_span!(Ranked { level: "start" }, item(|item| level = item), stop(|()| level = "stop"); stream items()),
        );
        capture.follow(stream.count()).await;
        assert_eq!(levels(&capture), (json!("start"), json!("stop")));

        let capture = testing::capture();
        let stream = capture.scope(|| {
            let items = items().inspect(|_| record!(Ranked, level = "record"));
            in_span!(Ranked { level: "start" }, item(|item| level = item), stop(|()| level = "stop"); stream items)
        });
        capture.follow(stream.count()).await;
        assert_eq!(levels(&capture), (json!("start"), json!("record")));
    }

    #[test]
    fn the_status_too_follows_the_order() {
        #[derive(StopMetadata)]
        #[stop_of(llm_turn)]
        #[stop(status = "derived")]
        struct Reply {
            usage: u8,
        }

        #[agent_span(llm_turn, model = "m", turn = 0, messages = ())]
        fn derived() -> Reply {
            Reply { usage: 1 }
        }

        #[agent_span(llm_turn, model = "m", turn = 0, messages = (), stop(|_| status = "stop"))]
        fn stop() -> Reply {
            Reply { usage: 1 }
        }

        #[agent_span(llm_turn, model = "m", turn = 0, messages = (), stop(|_| status = "stop"))]
        fn recorded() -> Reply {
            record!(llm_turn, status = "record");
            Reply { usage: 1 }
        }

        let stops = [stop_of(derived), stop_of(stop), stop_of(recorded)];
        assert_eq!(stops.each_ref().map(|stop| stop.get("status").unwrap()), ["derived", "stop", "record"]);
        assert_eq!(stops.each_ref().map(|stop| stop.get("usage").unwrap()), [1, 1, 1]);
    }

    #[test]
    fn a_key_of_the_users_context_replaces_none() {
        let context = |context: Context| {
            let keys = ["model", "session_id", "status", "own", "agent", "usage", "user_id", "args", "count"];
            keys.into_iter().fold(context.with_session_id("s-1"), |context, key| context.with(key, "context"))
        };
        let capture = testing::capture().with_context(context);
        capture.scope(|| {
            in_span!(agent, agent = "a"; || {
                in_span!(llm_turn, model = "m", turn = 0, messages = (), fields(own = "o"), stop(|()| usage = 1); || ());
            });
            execute(&event_name!("contract.keys"), &json!({"count": 1}), &json!({"args": 2})).unwrap();
        });
        let events = capture.events();
        let turn = only(&events, "condukt.llm_turn.stop");
        for (key, value) in [
            ("model", json!("m")),
            ("session_id", json!("s-1")),
            ("status", json!("ok")),
            ("own", json!("o")),
            ("agent", json!("a")),
            ("usage", json!(1)),
            ("user_id", json!("context")),
        ] {
            assert_eq!(turn.get(key), Some(&value), "{key}");
        }
        let named = only(&events, "contract.keys");
        assert_eq!(named.get("args").unwrap(), 2);
        assert_eq!(named.get("user_id").unwrap(), "context");
        assert_eq!(json!(named.measurements), json!({"count": 1}));
    }
}

mod results {
    use std::error::Error;
    use std::io;
    use std::marker::PhantomData;

    use telemetry_runtime::ErrorType;

    use super::*;

    type Aliased<T> = Result<T, Fault>;

    #[derive(Debug)]
    struct Fault;

    impl fmt::Display for Fault {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("it is at fault")
        }
    }

    impl Error for Fault {}

    /// `error` and `error_type` of a stop with status `error`.
    fn failed<R>(run: impl FnOnce() -> R) -> [String; 2] {
        let stop = stop_of(run);
        assert_eq!(stop.get("status").unwrap(), "error");
        assert_eq!(stop.get("result"), None);
        ["error", "error_type"].map(|key| stop.get(key).unwrap().as_str().unwrap().to_owned())
    }

    #[test]
    fn a_result_is_one_however_it_is_spelled() {
        #[tool_call]
        fn aliased() -> Aliased<u8> {
            Err(Fault)
        }
        #[tool_call]
        fn of_io() -> io::Result<u8> {
            Err(io::Error::other("disk full"))
        }
        #[tool_call]
        fn of_anyhow() -> anyhow::Result<u8> {
            Err(anyhow::anyhow!("inner").context("outer"))
        }
        #[tool_call]
        fn boxed() -> Result<u8, Box<dyn Error + Send + Sync>> {
            Err(Box::new(Fault))
        }
        #[tool_call]
        fn of_impl() -> Result<impl Iterator<Item = u8>, Fault> {
            if true { Err(Fault) } else { Ok([1].into_iter()) }
        }
        assert_eq!(failed(aliased), ["it is at fault", "Fault"]);
        assert_eq!(failed(of_io), ["disk full", "Other"]);
        assert_eq!(failed(of_anyhow), ["outer: inner", "error"]);
        assert_eq!(failed(boxed), ["it is at fault", "Fault"]);
        assert_eq!(failed(of_impl), ["it is at fault", "Fault"]);
    }

    #[test]
    fn what_is_no_result_is_a_value() {
        #[derive(Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Result {
            Err,
        }
        #[tool_call]
        fn own() -> Result {
            Result::Err
        }
        #[tool_call]
        fn optional() -> Option<core::result::Result<u8, u8>> {
            Some(Err(1))
        }
        let stop = stop_of(own);
        assert_eq!((stop.get("status").unwrap(), stop.get("result").unwrap()), (&json!("ok"), &json!("err")));
        let stop = stop_of(optional);
        assert_eq!(
            (stop.get("status").unwrap(), stop.get("result").unwrap()),
            (&json!("ok"), &json!({"Err": 1}))
        );
    }

    #[test]
    fn an_error_says_itself_as_well_as_it_can() {
        #[derive(Debug)]
        struct DebugOnly(#[allow(dead_code, reason = "for its `Debug`")] u8);
        struct Opaque<T>(PhantomData<T>);
        #[derive(Debug)]
        struct Typed(u16);
        impl ErrorType for Typed {
            fn error_type(&self) -> String {
                self.0.to_string()
            }
        }

        #[tool_call]
        fn debug_only() -> Result<(), DebugOnly> {
            Err(DebugOnly(3))
        }
        #[tool_call]
        fn opaque() -> Result<(), Opaque<Vec<Option<Fault>>>> {
            Err(Opaque(PhantomData))
        }
        #[tool_call]
        fn typed() -> Result<(), Typed> {
            Err(Typed(429))
        }
        assert_eq!(failed(debug_only), ["DebugOnly(3)", "DebugOnly"]);
        assert_eq!(failed(opaque), ["Opaque<Vec<Option<Fault>>>", "Opaque<Vec<Option<Fault>>>"]);
        assert_eq!(failed(typed), ["Typed(429)", "429"]);
    }

    #[test]
    fn in_generic_code_the_bounds_are_what_is_known() {
        #[tool_call]
        fn bounded<T: Serialize, E: fmt::Display>(outcome: Result<T, E>) -> Result<T, E> {
            outcome
        }
        #[tool_call(skip_all)]
        fn unbounded<T, E>(outcome: Result<T, E>) -> Result<T, E> {
            outcome
        }
        assert_eq!(failed(|| bounded(Err::<u8, _>(Fault))), ["it is at fault", "Fault"]);
        assert_eq!(stop_of(|| bounded(Ok::<_, Fault>(3))).get("result").unwrap(), 3);
        assert_eq!(failed(|| unbounded(Err::<u8, _>(Fault))), ["Fault", "Fault"]);
        assert_eq!(stop_of(|| unbounded(Ok::<_, Fault>(3))).get("result").unwrap(), "<i32>");
    }

    #[test]
    fn stop_sees_the_value_and_err_the_error() {
        #[agent_span(llm_turn, model = "m", turn = 0, messages = (),
                     stop(|reply| usage = reply.len(), finish_reason = "stop"),
                     err(|error| error_type = ?error.kind(), error = "told otherwise"))]
        fn turn(fails: bool) -> io::Result<Vec<u8>> {
            if fails { Err(io::ErrorKind::TimedOut.into()) } else { Ok(vec![0; 3]) }
        }
        let stop = stop_of(|| turn(false));
        assert_eq!(stop.get("usage").unwrap(), 3);
        assert_eq!((stop.get("error"), stop.get("error_type")), (None, None));
        assert_eq!(failed(|| turn(true)), ["told otherwise", "TimedOut"]);
        assert_eq!(stop_of(|| turn(true)).get("usage"), None);
    }

    #[test]
    fn stop_may_say_that_a_value_is_a_failure() {
        struct CallResult {
            text: &'static str,
            is_error: bool,
        }
        #[tool_call(stop(|call|
            result = call.text,
            status = call.is_error.then_some("error"),
            error = call.is_error.then_some(call.text),
            error_type = call.is_error.then_some("tool_error"),
        ))]
        fn call(is_error: bool) -> Result<CallResult, Fault> {
            Ok(CallResult { text: "said", is_error })
        }
        let stop = stop_of(|| call(true));
        assert_eq!(
            ["status", "error", "error_type", "result"].map(|key| stop.get(key).unwrap()),
            ["error", "said", "tool_error", "said"]
        );
        let stop = stop_of(|| call(false));
        assert_eq!((stop.get("status").unwrap(), stop.get("error")), (&json!("ok"), None));
    }
}

mod tools {
    use std::sync::{Arc, Mutex, RwLock};

    use super::*;

    struct Opaque;

    struct Desk {
        drawer: u8,
    }

    /// As rmcp has it.
    struct Parameters<T>(T);

    #[derive(Serialize)]
    struct City {
        name: &'static str,
        days: u8,
    }

    impl Desk {
        /// Opens the drawer.
        ///
        /// Slowly.
        #[tool_call]
        fn open(&self, (key, turns): (&str, u8), opaque: &Opaque, out: &mut Vec<u8>, r#type: char) -> u8 {
            let _ = (key, opaque, r#type);
            out.push(turns);
            self.drawer
        }
    }

    #[test]
    fn args_are_the_parameters_that_serialise() {
        let stop = stop_of(|| Desk { drawer: 7 }.open(("gold", 2), &Opaque, &mut Vec::new(), 'x'));
        assert_eq!(stop.get("tool").unwrap(), "open");
        assert_eq!(stop.get("args").unwrap(), &json!({"key": "gold", "turns": 2, "type": "x"}));
        assert_eq!(stop.get("result").unwrap(), 7);
        assert_eq!(stop.description.as_deref(), Some("Opens the drawer.\n\nSlowly."));
    }

    #[tool_call]
    fn locked(name: &str, state: &Mutex<u8>, shared: Arc<RwLock<u8>>, maybe: Option<&Mutex<u8>>) -> bool {
        let _ = (name, shared, maybe);
        state.try_lock().is_err()
    }

    #[test]
    fn a_lock_is_left_out_even_while_the_caller_holds_it() {
        let (state, shared) = (Mutex::new(1), Arc::new(RwLock::new(1)));
        let (_held, _written) = (state.lock().unwrap(), shared.write().unwrap());
        let stop = stop_of(|| locked("n", &state, shared.clone(), Some(&state)));
        assert_eq!(stop.get("args").unwrap(), &json!({"name": "n"}));
        assert_eq!(stop.get("result").unwrap(), true);
    }

    #[test]
    fn sole_parameters_are_their_own_map() {
        #[tool_call]
        fn weather(city: Parameters<City>) -> u8 {
            city.0.days
        }
        #[tool_call]
        fn destructured(&Parameters(City { name, days }): &Parameters<City>) -> usize {
            name.len() + usize::from(days)
        }
        let oslo = || Parameters(City { name: "Oslo", days: 2 });
        let args = json!({"name": "Oslo", "days": 2});
        assert_eq!(stop_of(|| weather(oslo())).get("args").unwrap(), &args);
        assert_eq!(stop_of(|| destructured(&oslo())).get("args").unwrap(), &args);
    }

    #[test]
    fn name_args_and_id_may_be_said() {
        #[tool_call(name = call.0, args = json!({"n": call.1}), tool_call_id = format!("call_{}", call.1))]
        fn dispatch(call: (&str, u8)) {
            let _ = call;
        }
        let stop = stop_of(|| dispatch(("search", 3)));
        assert_eq!(stop.get("tool").unwrap(), "search");
        assert_eq!(stop.get("args").unwrap(), &json!({"n": 3}));
        assert_eq!(stop.get("tool_call_id").unwrap(), "call_3");
    }

    #[test]
    fn the_id_is_that_of_the_context_unless_it_is_said() {
        #[tool_call]
        fn plain() -> Option<String> {
            Context::current().tool_call_id().map(str::to_owned)
        }
        #[tool_call(tool_call_id = "said")]
        fn said() -> Option<String> {
            Context::current().tool_call_id().map(str::to_owned)
        }
        for (run, id) in [(plain as fn() -> _, "carried"), (said, "said")] {
            let stop = stop_of(|| Context::current().with_tool_call_id("carried").scope(run));
            assert_eq!(stop.get("tool_call_id").unwrap(), id);
            assert_eq!(stop.get("result").unwrap(), id, "and inside");
        }
        assert_eq!(stop_of(plain).get("tool_call_id"), None);
    }

    /// A model gave it to one call.
    #[test]
    fn the_id_of_a_call_is_not_that_of_a_tool_inside() {
        #[tool_call]
        fn inner() {}
        #[tool_call(tool_call_id = "said")]
        fn said() {
            inner();
            Context::current().with_tool_call_id("given").scope(inner);
        }
        #[tool_call]
        fn carried() {
            inner();
        }
        let capture = testing::capture();
        capture.scope(said);
        let ids = |capture: &Capture| -> Vec<Option<Json>> {
            let stops = capture.named("condukt.tool_call.stop");
            stops.iter().map(|stop| stop.get("tool_call_id").cloned()).collect()
        };
        assert_eq!(ids(&capture), [None, Some(json!("given")), Some(json!("said"))]);
        let capture = testing::capture();
        capture.scope(|| Context::current().with_tool_call_id("carried").scope(carried));
        assert_eq!(ids(&capture), [None, Some(json!("carried"))]);
    }

    #[test]
    fn a_result_is_shown_as_well_as_it_can_be() {
        struct Displayed;
        impl fmt::Display for Displayed {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("displayed")
            }
        }
        #[derive(Debug)]
        struct Debugged;

        #[tool_call]
        fn displayed() -> Displayed {
            Displayed
        }
        #[tool_call]
        fn debugged() -> Result<Debugged, ()> {
            Ok(Debugged)
        }
        #[tool_call]
        fn opaque() -> Opaque {
            Opaque
        }
        #[tool_call]
        fn unit() {}
        assert_eq!(stop_of(displayed).get("result").unwrap(), "displayed");
        assert_eq!(stop_of(debugged).get("result").unwrap(), "Debugged");
        assert_eq!(stop_of(opaque).get("result").unwrap(), "<Opaque>");
        assert_eq!(stop_of(unit).get("result").unwrap(), &Json::Null);
    }

    #[test]
    fn the_description_is_on_every_event_of_the_call() {
        /// Divides.
        #[tool_call]
        fn divide(a: u8, b: u8) -> u8 {
            a / b
        }
        #[tool_call]
        fn undocumented() {}

        let capture = testing::capture();
        let descriptions = Arc::new(Mutex::new(Vec::new()));
        let seen = descriptions.clone();
        let context = capture.context().with_handler(event_names!["condukt.**"], move |event: &Event<'_>| {
            seen.lock().unwrap().push(event.description().map(str::to_owned));
        });
        context.scope(|| {
            divide(4, 2);
            undocumented();
            in_span!(run; || ());
            assert!(std::panic::catch_unwind(|| divide(1, 0)).is_err());
        });
        let divides = Some("Divides.".to_owned());
        assert_eq!(
            *descriptions.lock().unwrap(),
            [divides.clone(), divides.clone(), None, None, None, None, divides.clone(), divides]
        );
    }
}

mod tool_access {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::mpsc;

    use telemetry_runtime::{Secrets, attach, detach};

    use super::*;

    // As `async_trait` makes it: captured when it is called, begun where it is polled.
    #[tool_call]
    fn look_up(city: String) -> Pin<Box<dyn Future<Output = usize> + Send>> {
        Box::pin(async move { city.len() })
    }

    #[test]
    fn secrets_that_come_after_the_call_name_the_tool_too() {
        if !alone("tool_access::secrets_that_come_after_the_call_name_the_tool_too") {
            return;
        }
        let (sender, seen) = mpsc::channel();
        attach("access", event_name!("condukt.secrets.access"), move |event: &Event<'_>| {
            sender.send(event.metadata().get("tool").map(|tool| tool.to_json())).unwrap();
        })
        .unwrap();
        let called = look_up("Oslo".to_owned());
        let context = Context::new().with_secrets(Secrets::resolve([("KEY", "some-secret")]).unwrap());
        assert_eq!(futures::executor::block_on(called.in_context(context)), 4);
        detach("access").unwrap();
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), [Some(json!("look_up"))]);
    }
}

mod futures_and_streams {
    use std::pin::{Pin, pin};
    use std::time::Duration;

    use futures::future::BoxFuture;
    use futures::stream::{self, BoxStream, Stream, StreamExt as _};
    use telemetry_runtime::testing::FakeClock;

    use super::*;

    #[agent_span(agent, agent = "plain")]
    fn plain(n: u8) -> impl Future<Output = Result<u8, String>> {
        std::future::ready(if n > 0 { Ok(n) } else { Err("none".to_owned()) })
    }

    #[agent_span(agent, agent = "boxed")]
    fn boxed(n: &u8) -> BoxFuture<'_, u8> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            *n
        })
    }

    type Later = Pin<Box<dyn Future<Output = u8> + Send>>;

    #[agent_span(agent, agent = "aliased", future)]
    fn aliased() -> Later {
        Box::pin(std::future::ready(3))
    }

    #[tokio::test]
    async fn the_work_of_a_function_that_gives_a_future_is_the_future() {
        let capture = testing::capture();
        let (a, b, c) = capture.scope(|| (plain(0), boxed(&2), aliased()));
        assert_eq!(capture.names(), [""; 0], "a span begins at its first poll");
        assert_eq!(capture.follow(a).await, Err("none".to_owned()));
        assert_eq!((capture.follow(b).await, capture.follow(c).await), (2, 3));
        assert_eq!(
            capture.tree().lines().map(|line| line.split_once(" agent=").unwrap()).collect::<Vec<_>>(),
            [
                ("condukt.agent stop", "plain error=none error_type=error status=error"),
                ("condukt.agent stop", "boxed status=ok"),
                ("condukt.agent stop", "aliased status=ok"),
            ]
        );
    }

    #[derive(Clone, Copy)]
    struct Chunk {
        usage: Option<u8>,
        reason: Option<&'static str>,
    }

    const CHUNKS: [Chunk; 4] = [
        Chunk { usage: Some(1), reason: None },
        Chunk { usage: None, reason: Some("length") },
        Chunk { usage: Some(9), reason: None },
        Chunk { usage: None, reason: None },
    ];

    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), stream,
                 item(|chunk| usage = chunk.usage, finish_reason = chunk.reason))]
    fn chunks() -> impl Stream<Item = Chunk> {
        stream::iter(CHUNKS)
    }

    #[tokio::test]
    async fn of_each_key_the_last_item_that_has_it_stands_at_the_stop() {
        let capture = testing::capture();
        let chunks = capture.scope(chunks);
        assert_eq!(capture.names(), [""; 0]);
        assert_eq!(capture.follow(chunks.count()).await, 4);
        let (start, stop) = first_and_last(&capture);
        assert_eq!(start.get("usage"), None);
        assert_eq!(stop.get("usage").unwrap(), 9);
        assert_eq!(stop.get("finish_reason").unwrap(), "length");
        assert_eq!(stop.get("status").unwrap(), "ok");
        assert_eq!(stop.measurements["items"], 4);
    }

    #[tokio::test]
    async fn the_time_to_the_first_item_is_measured() {
        let clock = FakeClock::new();
        let capture = testing::capture().deterministic(&clock, 1);
        let ticking = stream::iter([1, 2]).inspect(|_| clock.advance(Duration::from_millis(3)));
        let numbers = capture.scope(|| in_span!(run; stream ticking));
        capture.follow(numbers.count()).await;
        let empty = capture.scope(|| in_span!(run; stream stream::empty::<u8>()));
        capture.follow(empty.count()).await;
        let stops = capture.named("condukt.run.stop");
        assert_eq!(stops[0].measurements["items"], 2);
        assert_eq!(stops[0].measurements["time_to_first_item"], 3_000_000);
        assert_eq!(stops[0].measurements["duration"], 6_000_000);
        assert_eq!(stops[1].measurements["items"], 0);
        assert_eq!(stops[1].measurements.get("time_to_first_item"), None);
    }

    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), stream, item(|n| usage = n))]
    async fn fallible(
        connects: bool,
        items: Vec<Result<u8, String>>,
    ) -> Result<BoxStream<'static, Result<u8, String>>, String> {
        tokio::task::yield_now().await;
        if connects { Ok(stream::iter(items).boxed()) } else { Err("refused".to_owned()) }
    }

    async fn end_of(connects: bool, items: Vec<Result<u8, String>>) -> OwnedEvent {
        let capture = testing::capture();
        if let Ok(stream) = capture.follow(fallible(connects, items)).await {
            assert_eq!(capture.names(), ["condukt.llm_turn.start"], "it lasts to the stream's end");
            capture.follow(stream.count()).await;
        }
        let (_, end) = first_and_last(&capture);
        assert_eq!(capture.names().len(), 2);
        end
    }

    #[tokio::test]
    async fn a_stream_within_a_result_is_followed_to_its_end() {
        let stop = end_of(true, vec![Ok(1), Ok(2)]).await;
        assert_eq!((stop.get("status").unwrap(), stop.get("usage").unwrap()), (&json!("ok"), &json!(2)));
        let stop = end_of(false, vec![]).await;
        assert_eq!(
            (stop.get("status").unwrap(), stop.get("error").unwrap()),
            (&json!("error"), &json!("refused"))
        );
    }

    #[tokio::test]
    async fn a_stream_whose_last_item_is_an_err_ends_as_error() {
        let broken = || Err("broken".to_owned());
        let stop = end_of(true, vec![Ok(1), broken()]).await;
        assert_eq!(stop.get("status").unwrap(), "error");
        assert_eq!(
            (stop.get("error").unwrap(), stop.get("error_type").unwrap()),
            (&json!("broken"), &json!("error"))
        );
        assert_eq!(stop.get("usage").unwrap(), 1, "what it had said before");
        assert_eq!(stop.measurements["items"], 2);
        // One on the way is not the end.
        let stop = end_of(true, vec![broken(), Ok(1)]).await;
        assert_eq!((stop.get("status").unwrap(), stop.get("error")), (&json!("ok"), None));
    }

    #[tokio::test]
    async fn a_stream_dropped_unfinished_is_cancelled() {
        let capture = testing::capture();
        {
            let mut chunks = pin!(capture.scope(chunks));
            assert!(capture.follow(chunks.next()).await.is_some());
        }
        drop(capture.scope(chunks));
        let events = capture.events();
        assert_eq!(capture.names(), ["condukt.llm_turn.start", "condukt.llm_turn.exception"]);
        assert_eq!(events[1].get("kind").unwrap(), "cancelled");
        assert_eq!(events[1].measurements["items"], 1);
    }
}

mod functions {
    use std::panic::UnwindSafe;

    use super::*;

    #[tool_call]
    async fn later(text: &str) -> usize {
        std::future::ready(()).await;
        text.len()
    }

    #[agent_span(agent)]
    fn boxed() -> std::pin::Pin<Box<dyn Future<Output = u8> + Send + UnwindSafe>> {
        Box::pin(async { 1 })
    }

    #[tokio::test]
    async fn a_future_is_as_send_and_as_unwind_safe_as_it_was() {
        fn assert_send<T: Send>(future: T) -> T {
            future
        }
        fn assert_unwind_safe<T: UnwindSafe>(future: T) -> T {
            future
        }
        assert_eq!(assert_send(later("four")).await, 4);
        assert_eq!(assert_unwind_safe(later("four")).await, 4);
        assert_eq!(boxed().await, 1);
    }
}

mod inline {
    use std::sync::{Arc, Mutex};

    use futures::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn question_marks_end_the_work() {
        async fn outer() -> Result<u8, std::num::ParseIntError> {
            let parsed = in_span!(operation, operation = "parse"; async { "x".parse::<u8>() }).await?;
            Ok(parsed + 1)
        }
        let capture = testing::capture();
        assert!(capture.follow(outer()).await.is_err());
        let work = async {
            in_span!(operation, operation = "block"; async {
                let n: u8 = "x".parse()?;
                Ok::<u8, std::num::ParseIntError>(n)
            })
            .await
        };
        assert!(capture.follow(work).await.is_err());
        let failed: Result<u8, std::num::ParseIntError> = capture.scope(|| {
            in_span!(operation, operation = "closure"; || -> Result<u8, std::num::ParseIntError> {
                let n: u8 = "x".parse()?;
                Ok(n)
            })
        });
        assert!(failed.is_err());
        for stop in capture.named("condukt.operation.stop") {
            assert_eq!(stop.get("status").unwrap(), "error");
            assert_eq!(stop.get("error_type").unwrap(), "ParseIntError");
        }
        assert_eq!(capture.named("condukt.operation.stop").len(), 3);
    }

    #[test]
    fn it_runs_in_the_context_that_is_said() {
        let capture = testing::capture();
        let context = capture.context().with_session_id("s-1");
        let session = in_span!(operation, operation = "o", context = context; || Context::current().session_id().map(str::to_owned));
        assert_eq!(session.as_deref(), Some("s-1"));
        assert_eq!(capture.events()[0].get("session_id").unwrap(), "s-1");
    }

    #[tokio::test]
    async fn a_handler_of_the_context_that_is_said_sees_the_span() {
        if !alone("inline::a_handler_of_the_context_that_is_said_sees_the_span") {
            return;
        }
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listened = || {
            let sink = seen.clone();
            Context::current().with_handler(event_names!["condukt.**"], move |event: &Event<'_>| {
                sink.lock().unwrap().push(event.name().to_owned());
            })
        };
        in_span!(run, context = listened(); || ());
        in_span!(agent, context = listened(); async {}).await;
        in_span!(operation, operation = "o", context = listened(); stream futures::stream::iter([1]))
            .count()
            .await;
        assert_eq!(
            *seen.lock().unwrap(),
            [
                "condukt.run.start",
                "condukt.run.stop",
                "condukt.agent.start",
                "condukt.agent.stop",
                "condukt.operation.start",
                "condukt.operation.stop",
            ]
        );
    }

    #[test]
    fn a_tool_call_says_its_name() {
        let stop = stop_of(
            || in_span!(tool_call, tool = "add", args = json!({"a": 1}), tool_call_id = "call_1"; || 1 + 1),
        );
        assert_eq!(
            json!(stop.metadata),
            json!({"tool": "add", "args": {"a": 1}, "tool_call_id": "call_1", "result": 2, "status": "ok"})
        );
    }

    #[test]
    fn record_goes_to_the_nearest_enclosing_span_of_its_kind() {
        let capture = testing::capture();
        capture.scope(|| {
            in_span!(llm_turn, model = "outer", turn = 0, messages = (), stop(|()|); || {
                in_span!(llm_turn, model = "inner", turn = 1, messages = (), stop(|()|); || {
                    in_span!(tool_call, tool = "t", args = (); || record!(llm_turn, usage = 1, finish_reason = "stop"));
                });
                record!(llm_turn, usage = 2);
                record!(agent_message, result = "nowhere");
            });
            record!(llm_turn, usage = 3);
        });
        let stops = capture.named("condukt.llm_turn.stop");
        assert_eq!(stops.iter().map(|stop| stop.get("usage").unwrap()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(stops[0].get("finish_reason").unwrap(), "stop");
        assert_eq!(stops[1].get("finish_reason"), None);
        assert!(!format!("{:?}", capture.events()).contains("nowhere"));
    }

    #[tokio::test]
    async fn record_reaches_the_span_from_a_task_that_carries_the_context() {
        let capture = testing::capture();
        let work = capture.scope(|| {
            in_span!(llm_turn, model = "m", turn = 0, messages = (), stop(|()|); async {
                let task = async { record!(llm_turn, usage = 5) };
                tokio::spawn(task.in_current_context()).await.unwrap();
            })
        });
        capture.follow(work).await;
        assert_eq!(capture.named("condukt.llm_turn.stop")[0].get("usage").unwrap(), 5);
    }

    #[test]
    fn work_that_only_panics_is_of_any_type() {
        #[allow(clippy::semicolon_if_nothing_returned, reason = "that is the case")]
        fn unit() {
            in_span!(run; || panic!("no"))
        }
        fn number() -> u32 {
            in_span!(run; || panic!("no"))
        }
        let capture = testing::capture();
        assert!(std::panic::catch_unwind(|| capture.scope(unit)).is_err());
        assert!(std::panic::catch_unwind(|| capture.scope(number)).is_err());
        assert_eq!(capture.named("condukt.run.exception").len(), 2);
    }

    #[derive(EventMetadata)]
    #[event("shop.closed")]
    struct Closed;

    #[test]
    fn an_event_without_fields_is_its_name() {
        let capture = testing::capture();
        capture.scope(|| emit!(Closed));
        assert_eq!(capture.named("shop.closed").len(), 1);
    }
}

/// The crate under another name, as a facade has it.
mod facade {
    pub(crate) use ::telemetry_runtime as telemetry;
}

mod crate_path {
    use super::*;

    #[derive(EventMetadata)]
    #[event("contract.facade_event", crate = crate::facade::telemetry)]
    struct Single {
        n: u8,
    }

    #[derive(EventMetadata)]
    #[span("contract.facade_span", stop(hits), crate = crate::facade::telemetry)]
    struct Spanned {
        n: u8,
    }

    #[derive(StopMetadata)]
    #[stop_of(Spanned, crate = crate::facade::telemetry)]
    struct Hits {
        hits: u8,
    }

    #[agent_span(Spanned { n: 1 }, crate = crate::facade::telemetry)]
    fn spanned() -> Hits {
        record!(Spanned, status = "fine", crate = crate::facade::telemetry);
        Hits { hits: 2 }
    }

    #[tool_call(crate = crate::facade::telemetry)]
    async fn tool(n: u8) -> u8 {
        n
    }

    #[tokio::test]
    async fn every_macro_takes_it() {
        let capture = testing::capture();
        capture.scope(|| {
            Single { n: 1 }.emit();
            spanned();
            in_span!(run, crate = crate::facade::telemetry; || ());
            emit!(compact, duration = 1, before = 1, after = 1, crate = crate::facade::telemetry);
        });
        capture.follow(tool(3)).await;
        assert_eq!(
            capture.tree(),
            "contract.facade_event n=1\n\
             contract.facade_span stop hits=2 n=1 status=fine\n\
             condukt.run stop status=ok\n\
             condukt.compact.stop\n\
             condukt.tool_call stop args={\"n\":3} result=3 status=ok tool=tool\n"
        );
    }
}

mod derives {
    use telemetry_runtime::{EventName, Pattern};

    use super::*;

    #[derive(EventMetadata)]
    #[event("contract.derived")]
    struct Single<'a, T: Serialize>
    where
        T: fmt::Debug,
    {
        #[event(measurement)]
        count: u64,
        #[event(measurement)]
        ratio: f64,
        #[event(measurement, rename = "took_ns")]
        took: Option<u64>,
        text: &'a str,
        generic: T,
        #[event(debug)]
        debug: T,
        #[event(display)]
        display: Said,
        #[event(rename = "hit?")]
        hit: bool,
        list: [u8; 2],
        absent: Option<&'a str>,
        present: Option<&'a str>,
        r#type: u8,
        #[event(skip)]
        _skipped: fn(),
    }

    #[test]
    fn a_struct_is_an_event() {
        let capture = testing::capture();
        let event = || Single {
            count: 2,
            ratio: 0.5,
            took: None,
            text: "t",
            generic: Some("g"),
            debug: Some("d"),
            display: Said,
            hit: false,
            list: [1, 2],
            absent: None,
            present: Some("p"),
            r#type: 3,
            _skipped: || (),
        };
        capture.scope(|| {
            event().emit();
            emit!(Unit {});
            in_span!(run; || Unit.emit());
        });
        let events = capture.events();
        assert_eq!(events[0].name, "contract.derived");
        assert_eq!(json!(events[0].measurements), json!({"count": 2, "ratio": 0.5}));
        assert_eq!(
            json!(events[0].metadata),
            json!({
                "text": "t", "generic": "g", "debug": "Some(\"d\")", "display": "display", "hit?": false,
                "list": [1, 2], "present": "p", "type": 3,
            })
        );
        assert_eq!(events[0].span, None);
        assert_eq!((&*events[1].name, json!(events[1].metadata)), ("contract.unit", json!({})));
        // It belongs to the span it is emitted in.
        assert_eq!(events[3].name, "contract.unit");
        assert_eq!(events[3].span, events[2].span);
    }

    #[derive(EventMetadata)]
    #[event("contract.unit")]
    struct Unit;

    #[derive(EventMetadata)]
    #[span("contract.searched", stop(hits, cached, cost))]
    struct Searched<'a> {
        query: &'a str,
        #[event(rename = "deep?")]
        deep: bool,
        #[event(debug)]
        said: Said,
    }

    #[derive(StopMetadata)]
    #[stop_of(Searched<'_>)]
    enum Found<'a, T: Serialize> {
        Fresh {
            hits: Vec<&'a str>,
            #[stop(debug)]
            cost: Said,
        },
        #[stop(status = "stale")]
        Cached(#[stop(rename = "hits")] usize, #[stop(skip)] Said, #[stop(rename = "cached")] T),
        #[stop(status = "empty")]
        Nothing,
    }

    #[agent_span(Searched { query, deep: true, said: Said })]
    fn search(query: &str) -> Result<Option<Found<'_, bool>>, String> {
        Ok(Some(match query {
            "" => return Err("what?".to_owned()),
            "cached" => Found::Cached(3, Said, true),
            "nothing" => Found::Nothing,
            "none" => return Ok(None),
            query => Found::Fresh { hits: vec![query], cost: Said },
        }))
    }

    #[test]
    fn a_type_says_the_stop_of_a_span() {
        let capture = testing::capture();
        capture.scope(|| {
            for query in ["fresh", "cached", "nothing", "none"] {
                search(query).unwrap();
            }
            assert!(search("").is_err());
        });
        assert_eq!(
            capture.tree(),
            "contract.searched stop cost=debug deep?=true hits=[\"fresh\"] query=fresh said=debug status=ok\n\
             contract.searched stop cached=true deep?=true hits=3 query=cached said=debug status=stale\n\
             contract.searched stop deep?=true query=nothing said=debug status=empty\n\
             contract.searched stop deep?=true query=none said=debug status=ok\n\
             contract.searched stop deep?=true error=what? error_type=error query= said=debug status=error\n"
        );
        assert_eq!(
            json!(capture.events()[0].metadata),
            json!({"query": "fresh", "deep?": true, "said": "debug"})
        );
    }

    #[derive(StopMetadata)]
    #[stop_of(agent_message)]
    struct Handled<T: Serialize> {
        iterations: u8,
        #[stop(rename = "result")]
        value: T,
        #[stop(display)]
        bindings: Said,
        #[stop(rename = "error_type")]
        kind: &'static str,
        status: Option<String>,
    }

    #[test]
    fn every_stop_key_may_be_derived_and_pointers_are_seen_through() {
        #[agent_span(agent_message)]
        fn handle(message: &str) -> Handled<String> {
            handled(message)
        }
        #[agent_span(agent_message)]
        fn handle_shared(message: &str) -> Result<std::sync::Arc<Handled<String>>, String> {
            Ok(std::sync::Arc::new(handled(message)))
        }
        fn handled(message: &str) -> Handled<String> {
            Handled {
                iterations: 1,
                value: message.to_owned(),
                bindings: Said,
                kind: "k",
                status: Some("done".to_owned()),
            }
        }
        for stop in [stop_of(|| handle("hi")), stop_of(|| handle_shared("hi"))] {
            assert_eq!(
                json!(stop.metadata),
                json!({
                    "message": "hi", "iterations": 1, "result": "hi", "bindings": "display",
                    "error_type": "k", "status": "done",
                })
            );
        }
    }

    #[test]
    fn names_and_patterns_are_constants() {
        const NAME: EventName = event_name!("contract.named.stop");
        const PATTERNS: [Pattern; 3] =
            event_names!["contract.*.stop", "condukt.**", "legion.agent.message.stop"];
        assert_eq!(NAME.as_str(), "contract.named.stop");
        assert_eq!(PATTERNS.each_ref().map(|pattern| pattern.matches(NAME.as_str())), [true, false, false]);
        assert_eq!("contract.named.stop".parse::<EventName>(), Ok(NAME));
    }
}

mod handlers {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex, mpsc};
    use std::time::{Duration, SystemTime};

    use serde::Deserialize;
    use telemetry_runtime::testing::FakeClock;
    use telemetry_runtime::{
        EventName, Handler, Pattern, SpanId, TraceId, Value, attach, attach_typed, condukt, detach,
        list_handlers, queue,
    };

    use super::*;

    fn fire(name: &'static str) {
        execute(&EventName::parse(name).unwrap(), &json!({"n": 1}), &json!({"key": "value"})).unwrap();
    }

    #[test]
    fn one_name_or_many() {
        let (sender, seen) = mpsc::channel();
        let see = |id: &'static str| {
            let sender = sender.clone();
            move |_: &Event<'_>| sender.send(id).unwrap()
        };
        attach("many-name", event_name!("contract.many.a"), see("name")).unwrap();
        attach("many-array", event_names!["contract.many.*"], see("array")).unwrap();
        attach("many-names", [event_name!("contract.many.a"), event_name!("contract.many.b")], see("names"))
            .unwrap();
        attach("many-pattern", Pattern::parse("contract.many.**").unwrap(), see("pattern")).unwrap();
        attach("many-vec", vec![Pattern::parse("contract.many.a").unwrap()], see("vec")).unwrap();
        attach("many-slice", &event_names!["contract.many.b"][..], see("slice")).unwrap();
        fire("contract.many.a");
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["name", "array", "names", "pattern", "vec"]);
        fire("contract.many.b");
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["array", "names", "pattern", "slice"]);
        for handler in list_handlers("contract.many") {
            detach(&handler.id).unwrap();
        }
        fire("contract.many.a");
        assert_eq!(seen.try_iter().count(), 0);
    }

    #[test]
    fn a_handler_may_be_a_type() {
        struct Audit(Mutex<Vec<String>>);
        impl Handler for Audit {
            fn handle(&self, event: &Event<'_>) {
                self.0.lock().unwrap().push(event.name().to_owned());
            }
        }
        struct Shared(Arc<Audit>);
        impl Handler for Shared {
            fn handle(&self, event: &Event<'_>) {
                self.0.handle(event);
            }
        }
        let audit = Arc::new(Audit(Mutex::default()));
        let context = Context::current().with_handler(event_names!["contract.**"], Shared(audit.clone()));
        context.scope(|| fire("contract.typed"));
        assert_eq!(*audit.0.lock().unwrap(), ["contract.typed"]);
    }

    #[test]
    fn what_a_handler_emits_is_not_given_to_it() {
        let (sender, seen) = mpsc::channel();
        let echo = |id: &'static str| {
            let sender = sender.clone();
            move |event: &Event<'_>| {
                sender.send((id, event.metadata().get("key").unwrap().to_json())).unwrap();
                // An event of its own kind, and a span.
                execute(&event_name!("contract.echo"), &(), &json!({"key": id})).unwrap();
                in_span!(run; || ());
            }
        };
        attach("echo-a", event_names!["contract.echo"], echo("a")).unwrap();
        attach("echo-b", event_names!["contract.echo"], echo("b")).unwrap();
        fire("contract.echo");
        detach("echo-a").unwrap();
        detach("echo-b").unwrap();
        // Each sees the event and what the other made of it; neither its own, nor an answer to an answer.
        assert_eq!(
            seen.try_iter().collect::<Vec<_>>(),
            [("a", json!("value")), ("b", json!("a")), ("b", json!("value")), ("a", json!("b"))]
        );
    }

    #[test]
    fn a_scoped_handler_sees_what_happens_under_its_context() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let see = |who: &'static str| {
            let seen = seen.clone();
            move |event: &Event<'_>| seen.lock().unwrap().push(format!("{who} {}", event.name()))
        };
        let outer = Context::current().with_handler(event_names!["contract.scoped.*"], see("outer"));
        let inner = outer.clone().with_handler(event_name!("contract.scoped.a"), see("inner"));
        let other = Context::current().with_handler(event_name!("contract.scoped.a"), see("other"));
        fire("contract.scoped.a");
        outer.scope(|| fire("contract.scoped.a"));
        inner.scope(|| {
            fire("contract.scoped.a");
            fire("contract.scoped.b");
            other.scope(|| fire("contract.scoped.a"));
        });
        let expected = [
            "outer contract.scoped.a",
            "outer contract.scoped.a",
            "inner contract.scoped.a",
            "outer contract.scoped.b",
            "other contract.scoped.a",
        ];
        assert_eq!(*seen.lock().unwrap(), expected);
        assert!(list_handlers("contract.scoped").is_empty(), "it has no id to detach it by");
        drop((outer, inner, other));
        assert_eq!(Arc::strong_count(&seen), 1, "it is gone with its contexts");
    }

    #[test]
    fn a_scoped_handler_that_panics_is_called_no_more() {
        let capture = testing::capture();
        let calls = Arc::new(AtomicUsize::new(0));
        let called = calls.clone();
        let context = capture.context().with_handler(event_names!["contract.**"], move |_: &Event<'_>| {
            called.fetch_add(1, Ordering::Relaxed);
            panic!("no");
        });
        context.scope(|| {
            fire("contract.scoped_panic");
            fire("contract.scoped_panic");
        });
        assert_eq!(count(&calls), 1);
        assert_eq!(
            capture.names(),
            ["contract.scoped_panic", "telemetry.handler.failure", "contract.scoped_panic"]
        );
    }

    #[test]
    fn what_cannot_be_serialised_is_marked_and_nobody_is_detached() {
        struct Hostile;
        impl Serialize for Hostile {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                panic!("not me");
            }
        }
        impl fmt::Debug for Hostile {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                Err(fmt::Error)
            }
        }
        impl fmt::Display for Hostile {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                panic!("nor me");
            }
        }
        #[derive(Serialize)]
        struct Inside {
            fine: u8,
            hostile: Hostile,
        }
        #[tool_call]
        fn tool(bad: &Hostile, good: u8) -> Inside {
            let _ = bad;
            Inside { fine: good, hostile: Hostile }
        }
        let capture = testing::capture();
        capture.scope(|| {
            tool(&Hostile, 1);
            in_span!(run, fields(a = Hostile, b = %Hostile, c = ?Hostile); || Err::<(), _>(Hostile))
                .unwrap_err();
        });
        let events = capture.events();
        assert_eq!(events.len(), 4, "{events:?}");
        let tool = only(&events, "condukt.tool_call.stop");
        assert_eq!(tool.get("result").unwrap(), "<unserialisable: Inside>");
        let run = only(&events, "condukt.run.stop");
        for key in ["a", "b", "c", "error"] {
            assert_eq!(run.get(key).unwrap(), "<unserialisable: Hostile>", "{key}");
        }
    }

    #[test]
    fn a_queue_hands_over_drops_and_counts() {
        let (open, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let (sender, handled) = mpsc::channel();
        let queue = queue(2, move |event: &Event<'_>| {
            let _ = gate.lock().unwrap().recv();
            sender.send((event.name().to_owned(), std::thread::current().id())).unwrap();
        })
        .unwrap();
        let context = Context::current().with_handler(event_names!["contract.queued.*"], queue.clone());
        context.scope(|| {
            // Two wait, one is with the worker at the most: of ten, seven do not fit.
            for _ in 0..10 {
                fire("contract.queued.a");
            }
        });
        let dropped = queue.dropped();
        assert!((7..=8).contains(&dropped), "{dropped}");
        assert!(!queue.flush(Duration::ZERO), "it waits at the gate");
        drop(open);
        assert!(queue.flush(Duration::from_secs(60)));
        let handled: Vec<_> = handled.try_iter().collect();
        assert_eq!(handled.len() as u64 + dropped, 10);
        assert!(
            handled
                .iter()
                .all(|(name, thread)| name == "contract.queued.a" && *thread != std::thread::current().id())
        );
        assert_eq!(queue.dropped(), dropped);
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Call {
        tool: String,
        args: BTreeMap<String, u8>,
        result: Option<u8>,
        status: Option<String>,
    }

    #[tool_call]
    fn add(a: u8, b: u8) -> u8 {
        a + b
    }

    #[test]
    fn an_event_shows_what_it_carries() {
        let clock = FakeClock::new();
        let capture = testing::capture().deterministic(&clock, 5);
        let (sender, seen) = mpsc::channel();
        let at_start = clock.system_time();
        let ticking = clock.clone();
        let context =
            capture.context().with_handler(event_names!["condukt.tool_call.*"], move |event: &Event<'_>| {
                let measurements = event.measurements();
                let times =
                    (measurements.system_time(), measurements.monotonic_time(), measurements.duration());
                let call: Call = event.metadata().deserialize().unwrap();
                let keys: Vec<&str> = event.metadata().iter().map(|(key, _)| key).collect();
                assert_eq!(keys.len(), event.metadata().len());
                assert!(keys.iter().all(|key| event.metadata().contains_key(key)));
                assert_eq!(event.metadata().get_str("tool"), Some("add"));
                assert_eq!(event.metadata().get("nothing"), None);
                assert_eq!(
                    measurements.get("duration").and_then(|value| value.as_u64()),
                    times.2.map(|took| u64::try_from(took.as_nanos()).unwrap())
                );
                sender.send((event.name().to_owned(), times, call, event.span().unwrap())).unwrap();
                ticking.advance(Duration::from_micros(1));
            });
        context.scope(|| add(1, 2));
        let (start, stop) = (seen.recv().unwrap(), seen.recv().unwrap());
        assert_eq!((&*start.0, &*stop.0), ("condukt.tool_call.start", "condukt.tool_call.stop"));
        assert_eq!((start.1.0, start.1.2), (Some::<SystemTime>(at_start), None));
        assert_eq!((stop.1.0, stop.1.2), (None, Some(Duration::from_micros(1))));
        assert_eq!(start.1.1.unwrap() + Duration::from_micros(1), stop.1.1.unwrap());
        let args = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
        let call = |result, status: Option<&str>| Call {
            tool: "add".to_owned(),
            args: args.clone(),
            result,
            status: status.map(str::to_owned),
        };
        assert_eq!((start.2, stop.2), (call(None, None), call(Some(3), Some("ok"))));
        assert_eq!(start.3, stop.3);
    }

    #[test]
    fn a_value_is_what_it_was() {
        let list = vec![1, 2];
        let lazy = Value::serialize(&list);
        assert_eq!(lazy.to_json(), json!([1, 2]));
        assert_eq!(lazy.deserialize::<Vec<u8>>().unwrap(), list);
        assert!(lazy.deserialize::<String>().is_err());
        assert_eq!((lazy.as_str(), lazy.as_u64(), lazy.as_bool()), (None, None, None));
        assert_eq!(
            (Value::from(7_u8).as_u64(), Value::from(7_i8).as_u64(), Value::from(-7).as_u64()),
            (Some(7), Some(7), None)
        );
        assert_eq!((Value::from(-7).as_i64(), Value::from(u64::MAX).as_i64()), (Some(-7), None));
        assert_eq!((Value::from(1.5).as_f64(), Value::from(2).as_f64()), (Some(1.5), Some(2.0)));
        assert_eq!(Value::from(f64::NAN).to_json(), Json::Null);
        assert_eq!((Value::from("s").as_str(), Value::from(true).as_bool()), (Some("s"), Some(true)));
        assert_eq!(Value::Null.to_json(), Json::Null);
        assert_eq!(format!("{} {} {}", Value::from("s"), lazy, Value::from(1)), "s [1,2] 1");
        let tree = json!({"k": "v"});
        assert_eq!(Value::from(&tree), tree);
    }

    #[test]
    fn an_event_has_one_form_as_json() {
        let capture = testing::capture().deterministic(&FakeClock::new(), 5);
        capture.scope(|| {
            in_span!(run; || add(1, 2));
            fire("contract.alone");
        });
        let events = capture.events();
        let forms: Vec<Json> =
            events.iter().map(|event| serde_json::to_value(event.as_event()).unwrap()).collect();
        let keys = |form: &Json| {
            form.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
        };
        let outer = &events[0].span.unwrap();
        let stop = &forms[2];
        assert_eq!(keys(stop), ["event", "measurements", "metadata", "span"].map(str::to_owned).into());
        assert_eq!(stop["event"], "condukt.tool_call.stop");
        assert_eq!(keys(&stop["span"]), ["id", "parent_id", "trace_id"].map(str::to_owned).into());
        assert_eq!(stop["span"]["parent_id"], outer.id.to_string());
        assert_eq!(stop["span"]["trace_id"], outer.trace_id.to_string());
        // W3C: lower-case hex of fixed length.
        let id = stop["span"]["id"].as_str().unwrap();
        assert_eq!(SpanId::parse(id).unwrap().to_string(), id);
        let trace = stop["span"]["trace_id"].as_str().unwrap();
        assert_eq!((id.len(), trace.len()), (16, 32));
        assert_eq!(TraceId::parse(trace).unwrap(), outer.trace_id);
        for bad in ["", "0000000000000000", "ABCDEF0123456789", "abcdef012345678", "abcdef01234567890"] {
            assert_eq!(SpanId::parse(bad), None, "{bad}");
        }
        assert_eq!(keys(&forms[4]), ["event", "measurements", "metadata"].map(str::to_owned).into());

        // And back, to be given to any handler.
        for (event, form) in events.iter().zip(forms) {
            let back: OwnedEvent = serde_json::from_value(form.clone()).unwrap();
            let replayed = Mutex::new(None);
            let handler =
                |event: &Event<'_>| *replayed.lock().unwrap() = Some(serde_json::to_value(event).unwrap());
            handler(&back.as_event());
            assert_eq!(replayed.into_inner().unwrap(), Some(form));
            assert_eq!(
                (&back.name, &back.measurements, back.span),
                (&event.name, &event.measurements, event.span)
            );
        }

        // What is kept and written is the same when it is read, however deep it was.
        for event in &events {
            let line = serde_json::to_string(event).unwrap();
            assert_eq!(serde_json::from_str::<OwnedEvent>(&line).unwrap(), *event);
        }
    }

    #[test]
    fn a_capture_with_a_clock_and_a_seed_is_the_same_each_time() {
        let run = |seed| {
            let clock = FakeClock::new();
            let capture = testing::capture().deterministic(&clock, seed);
            capture.scope(|| {
                in_span!(agent, agent = "a"; || {
                    clock.advance(Duration::from_millis(2));
                    add(1, 2)
                });
            });
            serde_json::to_string(&capture.events()).unwrap()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        assert!(run(1).contains("\"duration\":2000000"), "{}", run(1));
    }

    #[test]
    fn the_tree_of_a_capture_leaves_chance_out() {
        let run = || {
            let capture = testing::capture();
            capture.scope(|| {
                in_span!(agent, agent = "a"; || {
                    add(1, 2);
                    fire("contract.tree");
                });
                let _ = std::panic::catch_unwind(|| add(255, 1));
            });
            capture.tree()
        };
        assert_eq!(
            run(),
            "condukt.agent stop agent=a status=ok\n  \
               condukt.tool_call stop agent=a args={\"a\":1,\"b\":2} result=3 status=ok tool=add\n  \
               contract.tree key=value\n\
             condukt.tool_call exception args={\"a\":255,\"b\":1} kind=panic reason=attempt to add with overflow tool=add\n"
        );
        assert_eq!(run(), run());
    }

    #[test]
    fn captures_do_not_see_each_other() {
        let (one, two) = (testing::capture(), testing::capture());
        let threads: Vec<_> = [(one.clone(), 1_u8), (two.clone(), 2)]
            .map(|(capture, n)| {
                std::thread::spawn(move || capture.scope(|| (0..100).for_each(|_| _ = add(n, n))))
            })
            .into();
        for thread in threads {
            thread.join().unwrap();
        }
        for (capture, n) in [(one, 2), (two, 4)] {
            let stops = capture.named("condukt.tool_call.stop");
            assert_eq!(stops.len(), 100);
            assert!(stops.iter().all(|stop| stop.get("result").unwrap() == n));
            assert_eq!(capture.take().len(), 200);
            assert_eq!(capture.events(), []);
        }
    }

    #[test]
    fn a_typed_handler_is_given_its_event_alone() {
        let (sender, seen) = mpsc::channel();
        attach_typed("contract-typed", move |start: &condukt::ToolCallStart<'_>| {
            if start.tool() == Some("typed") {
                let args = start.args().map(|args| args.to_json());
                sender
                    .send((
                        args,
                        start.tool_call_id().map(str::to_owned),
                        start.system_time().is_some(),
                        start.event().name().to_owned(),
                    ))
                    .unwrap();
            }
        })
        .unwrap();
        in_span!(tool_call, tool = "typed", args = [1], tool_call_id = "c"; || ());
        assert_eq!(
            list_handlers("condukt.tool_call.start")
                .iter()
                .filter(|handler| handler.id == "contract-typed")
                .count(),
            1
        );
        detach("contract-typed").unwrap();
        let expected = (Some(json!([1])), Some("c".to_owned()), true, "condukt.tool_call.start".to_owned());
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), [expected]);
    }
}

mod contexts {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    struct Named<T>(T);

    impl<T> Named<T> {
        #[agent_span(agent)]
        fn method(&self) -> &T {
            &self.0
        }

        #[agent_span(agent)]
        async fn later(self: Box<Self>) {}

        #[agent_span(agent, agent = "said")]
        fn said(&self) -> &T {
            &self.0
        }
    }

    trait Acts {
        fn act(&self);
        fn by_default(&self);
    }

    struct Actor;

    impl Acts for Actor {
        #[agent_span(agent)]
        fn act(&self) {}

        #[agent_span(agent)]
        fn by_default(&self) {}
    }

    #[agent_span(agent)]
    fn free() {}

    #[tokio::test]
    async fn an_agent_is_called_by_its_type_or_its_function() {
        let capture = testing::capture();
        capture.scope(|| {
            Named(1_u8).method();
            Named(1_u8).said();
            Actor.act();
            Actor.by_default();
            free();
        });
        capture.follow(Box::new(Named("x")).later()).await;
        let starts = capture.named("condukt.agent.start");
        let agents: Vec<&str> =
            starts.iter().map(|start| start.get("agent").unwrap().as_str().unwrap()).collect();
        assert_eq!(
            agents,
            [
                "contract::contexts::Named<u8>",
                "said",
                "contract::contexts::Actor",
                "contract::contexts::Actor",
                "contract::contexts::free",
                "contract::contexts::Named<&str>",
            ]
        );
    }

    #[test]
    fn the_agents_name_is_known_inside() {
        let capture = testing::capture();
        let seen = capture.scope(|| {
            in_span!(agent, agent = "outer"; || {
                let inner = in_span!(operation, operation = "o", agent = "inner"; || Context::current().agent().map(str::to_owned));
                (Context::current().agent().map(str::to_owned), inner)
            })
        });
        assert_eq!(seen, (Some("outer".to_owned()), Some("inner".to_owned())));
        assert_eq!(capture.named("condukt.operation.stop")[0].get("agent").unwrap(), "inner");
    }

    #[tokio::test]
    async fn the_context_that_is_said_is_entered_whoever_observes() {
        #[agent_span(agent, context = Context::current().with_session_id(session).with("user_id", "u-1"))]
        async fn later(session: &str) -> (Option<String>, bool) {
            tokio::task::yield_now().await;
            let context = Context::current();
            (context.session_id().map(str::to_owned), context.get("user_id").is_some())
        }
        #[agent_span(agent, context = Context::current().with_session_id(session))]
        fn now(session: &str) -> Option<String> {
            Context::current().session_id().map(str::to_owned)
        }
        assert_eq!(later("s-1").await, (Some("s-1".to_owned()), true));
        assert_eq!(now("s-2").as_deref(), Some("s-2"));
        let capture = testing::capture();
        assert_eq!(capture.follow(later("s-1")).await, (Some("s-1".to_owned()), true));
        assert_eq!(capture.scope(|| now("s-2")).as_deref(), Some("s-2"));
        let events = capture.events();
        assert_eq!(
            events.iter().map(|event| event.get("session_id").unwrap()).collect::<Vec<_>>(),
            ["s-1", "s-1", "s-2", "s-2"]
        );
        assert_eq!(events[1].get("user_id").unwrap(), "u-1");
    }

    #[test]
    fn a_session_is_opened_where_there_is_none() {
        let capture = testing::capture();
        capture.scope(|| {
            in_span!(llm_request, model = "m", message_count = 0; || ());
            in_span!(tool_call, tool = "t", args = (); || ());
            in_span!(operation, operation = "o"; || in_span!(run; || in_span!(agent; || in_span!(agent; || ()))));
            in_span!(run; || ());
        });
        let sessions: Vec<Option<String>> = capture
            .events()
            .iter()
            .map(|event| event.get("session_id").map(|id| id.as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(sessions[..4], [const { None }; 4], "nothing else opens one");
        assert!(sessions[4].is_some());
        assert!(sessions[4..12].iter().all(|session| *session == sessions[4]), "those inside keep it");
        assert!(sessions[12].is_some() && sessions[12] != sessions[4] && sessions[12] == sessions[13]);
    }

    #[test]
    fn what_a_span_opens_is_there_while_a_handler_observes() {
        #[agent_span(agent, agent = "a")]
        fn seen() -> (Option<String>, Option<String>, bool) {
            let context = Context::current();
            (
                context.agent().map(str::to_owned),
                context.session_id().map(str::to_owned),
                context.span().is_some(),
            )
        }
        let capture = testing::capture();
        let (agent, session, span) = capture.scope(seen);
        assert_eq!(agent.as_deref(), Some("a"));
        assert_eq!(session.as_deref(), capture.events()[0].get("session_id").unwrap().as_str());
        assert!(span);
        assert_eq!(Context::current().session_id(), None, "and gone after it");

        // It is there for any handler that might see something inside, if not for the span itself.
        let context =
            Context::current().with_handler(event_names!["condukt.compact.stop"], |_: &Event<'_>| {});
        let (agent, session, _) = context.scope(seen);
        assert_eq!((agent.as_deref(), session.is_some()), (Some("a"), true));
    }

    #[test]
    fn what_is_set_is_always_there() {
        if !alone("contexts::what_is_set_is_always_there") {
            return;
        }
        let context = Context::current()
            .with_agent("a")
            .with_session_id("s")
            .with_tool_call_id("t")
            .with("user_id", "u-1");
        context.scope(|| {
            in_span!(agent, agent = "unobserved"; || {
                let current = Context::current();
                assert_eq!((current.agent(), current.session_id(), current.tool_call_id()), (Some("a"), Some("s"), Some("t")));
                assert_eq!(current.get("user_id").unwrap(), "u-1");
                assert_eq!(current.span(), None);
            });
        });
        assert_eq!(Context::current().agent(), None);
    }

    #[test]
    fn keys_of_ones_own_are_on_every_event() {
        #[derive(EventMetadata)]
        #[event("contract.own_keys")]
        struct Own {
            n: u8,
        }
        let capture = testing::capture()
            .with_context(|context| context.with("user_id", "u-1").with("plan", json!({"tier": 2})));
        capture.scope(|| {
            in_span!(agent; || {
                Own { n: 1 }.emit();
                execute(&event_name!("contract.own_keys_named"), &(), &()).unwrap();
                Context::current().with("user_id", "u-2").scope(|| emit!(compact, duration = 0, before = 0, after = 0));
                Context::current().with("user_id", None::<&str>).scope(|| in_span!(llm_request, model = "m", message_count = 0; || ()));
            });
        });
        let users: Vec<Option<&str>> =
            [Some("u-1"), Some("u-1"), Some("u-1"), Some("u-2"), None, None, Some("u-1")].into();
        let events = capture.events();
        assert_eq!(
            events.iter().map(|event| event.get("user_id").and_then(Json::as_str)).collect::<Vec<_>>(),
            users
        );
        assert!(events.iter().all(|event| event.get("plan").unwrap()["tier"] == 2));
    }

    #[tokio::test]
    async fn it_is_entered_for_each_poll_and_left_after_it() {
        let session = || Context::current().session_id().map(str::to_owned);
        let work = |name: &'static str| async move {
            for _ in 0..3 {
                assert_eq!(session().as_deref(), Some(name));
                tokio::task::yield_now().await;
            }
        };
        let [a, b] = ["a", "b"].map(|name| work(name).in_context(Context::new().with_session_id(name)));
        let between = async {
            for _ in 0..3 {
                assert_eq!(session(), None);
                tokio::task::yield_now().await;
            }
        };
        futures::join!(a, between, b);
        assert_eq!(session(), None);
    }

    #[test]
    fn a_panic_leaves_it_too() {
        let context = Context::new().with_session_id("s");
        assert!(catch_unwind(AssertUnwindSafe(|| context.scope(|| panic!("out")))).is_err());
        assert_eq!(Context::current().session_id(), None);
    }

    #[agent_span(agent, agent = "child")]
    fn child() {
        in_span!(tool_call, tool = "t", args = (); || ());
    }

    #[agent_span(subagent, role = "r", child_agent = "child")]
    fn delegate(children: usize) {
        (0..children).for_each(|_| child());
    }

    #[test]
    fn a_delegation_gives_its_callee_a_session_of_its_own() {
        let capture = testing::capture().with_context(|context| context.with_session_id("caller"));
        capture.scope(|| {
            delegate(0);
            delegate(1);
            delegate(2);
            assert_eq!(Context::current().session_id(), Some("caller"));
            child();
        });
        let stops = capture.named("condukt.subagent.stop");
        assert_eq!(stops[0].get("session_id"), None, "no child started");
        assert!(stops.iter().all(|stop| stop.get("parent_session_id").unwrap() == "caller"));
        let children = capture.named("condukt.agent.start");
        assert_eq!(children[0].get("session_id"), stops[1].get("session_id"));
        // Of two it is the first that is told of.
        assert_eq!(children[1].get("session_id"), stops[2].get("session_id"));
        assert!(children[..3].iter().all(|child| child.get("parent_session_id").unwrap() == "caller"));
        for tool in &capture.named("condukt.tool_call.stop")[..3] {
            assert_eq!(tool.get("parent_session_id").unwrap(), "caller");
            assert_ne!(tool.get("session_id").unwrap(), "caller");
        }
        // One that nobody delegated to is in the caller's session.
        assert_eq!(children[3].get("session_id").unwrap(), "caller");
        assert_eq!(children[3].get("parent_session_id"), None);
    }

    #[test]
    fn delegations_nest() {
        #[agent_span(agent, agent = "middle")]
        fn middle() {
            in_span!(subagent, role = "r", child_agent = "child"; || child());
        }
        let capture = testing::capture().with_context(|context| context.with_session_id("top"));
        capture.scope(|| in_span!(subagent, role = "r", child_agent = "middle"; || middle()));
        let events = capture.events();
        let of = |agent: &str| {
            events.iter().find(|event| event.get("agent").is_some_and(|name| name == agent)).unwrap()
        };
        let (middle, child) = (of("middle"), of("child"));
        assert_eq!(middle.get("parent_session_id").unwrap(), "top");
        assert_eq!(child.get("parent_session_id"), middle.get("session_id"));
        let stops = capture.named("condukt.subagent.stop");
        assert_eq!(stops[0].get("session_id"), child.get("session_id"));
        assert_eq!(stops[1].get("session_id"), middle.get("session_id"));
    }

    #[test]
    fn a_delegation_without_an_agent_between_keeps_the_caller() {
        // A helper that delegates within a delegation: the caller's session is the parent still.
        let capture = testing::capture().with_context(|context| context.with_session_id("caller"));
        capture.scope(|| in_span!(subagent, role = "outer", child_agent = "child"; || delegate(1)));
        let starts = capture.named("condukt.subagent.start");
        assert_eq!(
            starts.iter().map(|start| start.get("parent_session_id").unwrap()).collect::<Vec<_>>(),
            ["caller", "caller"]
        );
        let child = &capture.named("condukt.agent.start")[0];
        assert_eq!(child.get("parent_session_id").unwrap(), "caller");
        assert_eq!(capture.named("condukt.subagent.stop")[0].get("session_id"), child.get("session_id"));
    }

    #[test]
    fn a_child_does_not_inherit_the_call_that_led_to_it() {
        let capture = testing::capture();
        capture
            .scope(|| in_span!(tool_call, tool = "ask", args = (), tool_call_id = "call_1"; || delegate(1)));
        let stops = capture.named("condukt.tool_call.stop");
        assert_eq!(stops[0].get("tool").unwrap(), "t");
        assert_eq!(stops[0].get("tool_call_id"), None, "a call of the child's own, without an id");
        assert_eq!(stops[1].get("tool_call_id").unwrap(), "call_1");
    }
}

mod hooks {
    use std::sync::{Arc, Mutex};

    use futures::StreamExt as _;
    use telemetry_runtime::{
        AttachError, SpanHook, SpanId, SpanIdentity, SpanObserver, SpanStart, StartedSpan, TraceId,
        attach_hook, detach_hook,
    };

    use super::*;

    type Log = Arc<Mutex<Vec<String>>>;

    fn note(log: &Log, what: impl Into<String>) {
        log.lock().unwrap().push(what.into());
    }

    struct Following(Log);

    impl SpanHook for Following {
        fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
            let name = start.prefix().rsplit('.').next().unwrap();
            note(&self.0, format!("{name} start"));
            let follower = Follower { name, log: self.0.clone() };
            StartedSpan::default().with_observer(follower)
        }

        fn on_event(&self, event: &Event<'_>) {
            note(&self.0, format!("hook sees {}", event.name()));
        }
    }

    struct Follower {
        name: &'static str,
        log: Log,
    }

    impl SpanObserver for Follower {
        fn on_enter(&self) {
            note(&self.log, format!("{} entered", self.name));
        }

        fn on_exit(&self) {
            note(&self.log, format!("{} left", self.name));
        }

        fn on_end(&self, event: &Event<'_>) {
            note(&self.log, format!("{} ended by {}", self.name, event.name().rsplit('.').next().unwrap()));
        }
    }

    /// Follows what runs in a context whose handler notes its events.
    fn followed(run: impl FnOnce(Context, &Log)) -> Vec<String> {
        let log = Log::default();
        attach_hook("follow", Following(log.clone())).unwrap();
        let noting = log.clone();
        let context = Context::current().with_handler(event_names!["**"], move |event: &Event<'_>| {
            note(&noting, event.name());
        });
        run(context, &log);
        detach_hook("follow").unwrap();
        let noted = log.lock().unwrap();
        noted.clone()
    }

    #[test]
    fn a_function_is_entered_once() {
        if !alone("hooks::a_function_is_entered_once") {
            return;
        }
        let log = followed(|context, log| {
            context.scope(|| {
                in_span!(agent, agent = "a"; || {
                    note(log, "before");
                    in_span!(tool_call, tool = "t", args = (); || note(log, "body"));
                    emit!(compact, duration = 0, before = 0, after = 0);
                });
            });
        });
        assert_eq!(
            log,
            [
                "agent start",
                "condukt.agent.start",
                "agent entered",
                "before",
                "tool_call start",
                "condukt.tool_call.start",
                "tool_call entered",
                "body",
                "tool_call left",
                "condukt.tool_call.stop",
                "tool_call ended by stop",
                "condukt.compact.stop",
                "hook sees condukt.compact.stop",
                "agent left",
                "condukt.agent.stop",
                "agent ended by stop",
            ]
        );
    }

    #[test]
    fn a_future_is_entered_for_each_poll() {
        if !alone("hooks::a_future_is_entered_for_each_poll") {
            return;
        }
        let log = followed(|context, log| {
            let work = async {
                note(log, "first");
                tokio::task::yield_now().await;
                note(log, "second");
            };
            let never = in_span!(run; std::future::pending::<()>());
            let work = context.scope(|| in_span!(run; work));
            note(log, "made");
            futures::executor::block_on(work.in_context(context.clone()));
            // One that is dropped unfinished is entered to drop what it holds.
            drop(never);
        });
        assert_eq!(
            log,
            [
                "made",
                "run start",
                "condukt.run.start",
                "run entered",
                "first",
                "run left",
                "run entered",
                "second",
                "run left",
                "condukt.run.stop",
                "run ended by stop",
            ]
        );

        let log = followed(|context, log| {
            struct Noisy<'a>(&'a Log);
            impl Drop for Noisy<'_> {
                fn drop(&mut self) {
                    note(self.0, "dropped");
                }
            }
            let held = Noisy(log);
            let mut work = Box::pin(
                in_span!(run; async {
                    let _held = held;
                    std::future::pending::<()>().await;
                })
                .in_context(context),
            );
            futures::executor::block_on(async { assert!(futures::poll!(&mut work).is_pending()) });
        });
        assert_eq!(
            log,
            [
                "run start",
                "condukt.run.start",
                "run entered",
                "run left",
                "run entered",
                "dropped",
                "run left",
                "condukt.run.exception",
                "run ended by exception",
            ]
        );
    }

    #[test]
    fn a_stream_is_entered_for_each_item() {
        if !alone("hooks::a_stream_is_entered_for_each_item") {
            return;
        }
        let log = followed(|context, log| {
            let items = futures::stream::iter([1, 2]).inspect(|item| note(log, format!("item {item}")));
            let items = context.scope(|| in_span!(run; stream items));
            let count =
                futures::executor::block_on(async { items.count().await }.in_context(context.clone()));
            assert_eq!(count, 2);
        });
        assert_eq!(
            log,
            [
                "run start",
                "condukt.run.start",
                "run entered",
                "item 1",
                "run left",
                "run entered",
                "item 2",
                "run left",
                "run entered",
                "run left",
                "condukt.run.stop",
                "run ended by stop",
            ]
        );
    }

    #[test]
    fn it_is_entered_wherever_its_context_is() {
        if !alone("hooks::it_is_entered_wherever_its_context_is") {
            return;
        }
        let log = followed(|context, log| {
            context.scope(|| {
                in_span!(run; || {
                    let work = telemetry_runtime::in_current_context(|| note(log, "elsewhere"));
                    std::thread::scope(|threads| threads.spawn(work).join().unwrap());
                });
            });
        });
        assert_eq!(log[2..7], ["run entered", "run entered", "elsewhere", "run left", "run left"]);
    }

    /// Says who every span is.
    struct Saying;

    const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;

    impl SpanHook for Saying {
        fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
            assert!(start.system_time() > 0);
            let trace_id = TraceId::new(TRACE);
            let identity = if start.prefix() == "condukt.agent" {
                assert_eq!((start.local_parent(), start.identity().parent), (None, None));
                assert_eq!(start.agent().as_deref(), Some("a"));
                let mut identity = SpanIdentity::default().with_sampled(false);
                identity.parent = trace_id.zip(SpanId::new(1));
                identity.id = SpanId::new(2);
                identity
            } else {
                assert_eq!(start.identity().parent, trace_id.zip(SpanId::new(2)));
                assert_eq!(start.text("tool").as_deref(), Some("t"));
                SpanIdentity::default()
            };
            StartedSpan::default().with_identity(identity)
        }
    }

    #[test]
    fn parent_and_ids_may_come_from_outside() {
        if !alone("hooks::parent_and_ids_may_come_from_outside") {
            return;
        }
        attach_hook("say", Saying).unwrap();
        let capture = testing::capture();
        let mut headers = std::collections::HashMap::new();
        capture.scope(|| {
            in_span!(agent, agent = "a"; || {
                in_span!(tool_call, tool = "t", args = (); || ());
                Context::current().inject(&mut headers);
            });
        });
        detach_hook("say").unwrap();
        let events = capture.events();
        let agent = only(&events, "condukt.agent.stop").span.unwrap();
        assert_eq!(
            (agent.trace_id.get(), agent.parent_id.map(SpanId::get), agent.id.get()),
            (TRACE, Some(1), 2)
        );
        let tool = only(&events, "condukt.tool_call.stop").span.unwrap();
        assert_eq!((tool.trace_id, tool.parent_id), (agent.trace_id, Some(agent.id)));
        assert_eq!(headers["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-0000000000000002-00");
    }

    #[test]
    fn a_hook_that_panics_is_ignored_for_that_call() {
        struct Panicking;
        impl SpanHook for Panicking {
            fn on_start(&self, _: &SpanStart<'_>) -> StartedSpan {
                panic!("not now");
            }
            fn on_event(&self, _: &Event<'_>) {
                panic!("not this");
            }
        }
        if !alone("hooks::a_hook_that_panics_is_ignored_for_that_call") {
            return;
        }
        attach_hook("panics", Panicking).unwrap();
        let capture = testing::capture();
        capture.scope(|| {
            in_span!(run; || ());
            emit!(compact, duration = 0, before = 0, after = 0);
        });
        assert_eq!(capture.names(), ["condukt.run.start", "condukt.run.stop", "condukt.compact.stop"]);
        assert_eq!(attach_hook("panics", Panicking), Err(AttachError::AlreadyAttached("panics".to_owned())));
        detach_hook("panics").unwrap();
        assert_eq!(detach_hook("panics"), Err(AttachError::NotAttached("panics".to_owned())));
    }

    #[test]
    fn a_hook_alone_observes() {
        if !alone("hooks::a_hook_alone_observes") {
            return;
        }
        let log = Log::default();
        attach_hook("alone", Following(log.clone())).unwrap();
        in_span!(run; || detach_hook("alone").unwrap());
        in_span!(run; || ());
        // Detached meanwhile, it follows what is open to its end.
        assert_eq!(*log.lock().unwrap(), ["run start", "run entered", "run left", "run ended by stop"]);
    }
}
