//! What `:telemetry`'s own test suite asks for, case by case, and the rules its users rely on that
//! the suite leaves open: attaching, dispatch, failing handlers, and spans.
//!
//! `t04_invoke_handler` is case 4, and so on. Each case that emits does so both ways: by a name made
//! at run time and by an event of the user's own.
//!
//! Without a meaning here: t22 `logs_on_local_function` (every handler is a closure or a type, and
//! neither is slower).
//!
//! With another meaning: t01 and t17 (there is one registry, which cannot be switched over or off);
//! a handler's `config` is what its closure captured.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use futures::StreamExt as _;
use serde_json::json;
use telemetry_runtime::testing::{self, only};
use telemetry_runtime::{
    AttachError, Context, Event, EventMetadata, EventName, IntoPatterns, NameError, OwnedEvent, Pattern,
    agent_span, attach, detach, event_name, event_names, execute, in_span, list_handlers,
};

/// Both ways to emit one event: by a name made at run time, and by an event of the user's own.
macro_rules! ways {
    ($name:literal) => {{
        #[derive(EventMetadata)]
        #[event($name)]
        struct Fired {
            #[event(measurement)]
            data: u64,
            some: &'static str,
        }
        let by_name: fn() = || {
            let name = EventName::parse($name).unwrap();
            execute(&name, &json!({"data": 3}), &json!({"some": "metadata"})).unwrap();
        };
        let by_type: fn() = || Fired { data: 3, some: "metadata" }.emit();
        [by_name, by_type]
    }};
}

/// A handler that sends what it sees to a channel.
fn sending(to: Sender<OwnedEvent>) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
    move |event| to.send(event.into()).unwrap()
}

/// Attaches a handler and returns what it sees.
fn seen_by(id: &str, events: impl IntoPatterns) -> Receiver<OwnedEvent> {
    let (sender, seen) = mpsc::channel();
    attach(id, events, sending(sender)).unwrap();
    seen
}

/// The ids of the handlers that are listed for a prefix, of those that begin with `mine`.
fn listed(prefix: &str, mine: &str) -> Vec<String> {
    list_handlers(prefix).into_iter().map(|handler| handler.id).filter(|id| id.starts_with(mine)).collect()
}

fn already(id: &str) -> Result<(), AttachError> {
    Err(AttachError::AlreadyAttached(id.to_owned()))
}

fn not_attached(id: &str) -> Result<(), AttachError> {
    Err(AttachError::NotAttached(id.to_owned()))
}

fn names(seen: &Receiver<OwnedEvent>) -> Vec<String> {
    seen.try_iter().map(|event| event.name.into_owned()).collect()
}

fn keys(map: &serde_json::Map<String, serde_json::Value>) -> BTreeSet<&str> {
    map.keys().map(String::as_str).collect()
}

/// An event exactly as it was emitted by [`ways`].
fn assert_whole(event: &OwnedEvent, name: &str) {
    assert_eq!(event.name, name);
    assert_eq!(json!(event.measurements), json!({"data": 3}));
    assert_eq!(json!(event.metadata), json!({"some": "metadata"}));
}

#[test]
fn t01_persist_with_existing_handlers() {
    let seen = seen_by("t01", event_name!("suite.t01.event"));
    for fire in ways!("suite.t01.event") {
        fire();
        let other = seen_by("t01-other", event_name!("suite.t01.event"));
        fire();
        detach("t01-other").unwrap();
        fire();
        let before_and_after: Vec<OwnedEvent> = seen.try_iter().collect();
        assert_eq!(before_and_after.len(), 3);
        for event in &before_and_after {
            assert_whole(event, "suite.t01.event");
        }
        assert_eq!(other.try_iter().count(), 1);
    }
    detach("t01").unwrap();
}

#[test]
fn t02_bad_event_names() {
    assert_eq!(EventName::parse("hello").unwrap_err(), NameError::TooShort("hello".into()));
    assert!(EventName::parse("").is_err());
    for bad in
        ["some.Event", "some.1event", "some.ev ent", "some.", ".event", "some..event", "some.évènement"]
    {
        assert!(matches!(EventName::parse(bad).unwrap_err(), NameError::Segment { .. }), "{bad}");
        assert!(Pattern::parse(bad).is_err(), "{bad}");
    }
    for pattern in ["some.*", "some.**"] {
        assert_eq!(EventName::parse(pattern).unwrap_err(), NameError::Wildcard(pattern.into()));
        assert!(Pattern::parse(pattern).is_ok());
    }
    assert!(Pattern::parse("some.**.event").is_err());
    for undocumented in ["condukt.agent.begin", "legion.agent", "telemetry.handler", "condukt.*"] {
        assert!(Pattern::parse(undocumented).is_err(), "{undocumented}");
    }
}

#[test]
fn t03_duplicate_attach() {
    attach("t03", event_name!("suite.t03.event"), |_: &Event<'_>| {}).unwrap();
    assert_eq!(attach("t03", event_name!("suite.t03.event"), |_: &Event<'_>| {}).map(drop), already("t03"));
    detach("t03").unwrap();
}

#[test]
fn t04_invoke_handler() {
    for fire in ways!("suite.t04.event") {
        let seen = seen_by("t04", event_name!("suite.t04.event"));
        fire();
        let event = seen.try_recv().unwrap();
        assert_whole(&event, "suite.t04.event");
        assert_eq!((event.span, event.description), (None, None));
        assert!(seen.try_recv().is_err());
        detach("t04").unwrap();
    }
}

#[test]
fn t05_list_handlers() {
    attach("t05", event_name!("suite.t05.event"), |_: &Event<'_>| {}).unwrap();
    let handlers = list_handlers("suite.t05.event");
    assert_eq!(handlers.len(), 1);
    assert_eq!(handlers[0].id, "t05");
    assert_eq!(handlers[0].patterns, event_name!("suite.t05.event").into_patterns());
    detach("t05").unwrap();
    assert_eq!(list_handlers("suite.t05.event"), []);
}

#[test]
fn t06_list_for_prefix() {
    attach("t06", event_name!("suite.t06.event"), |_: &Event<'_>| {}).unwrap();
    for prefix in ["", "suite", "suite.t06", "suite.t06.event"] {
        assert_eq!(listed(prefix, "t06"), ["t06"], "{prefix}");
    }
    for prefix in ["suite.t06.event.something", "suite.t06.eve", "suit", "t06"] {
        assert_eq!(listed(prefix, "t06"), [""; 0], "{prefix}");
    }
    detach("t06").unwrap();
}

/// A handler of failures that keeps those of one handler.
fn failures_of(id: &'static str, failed: &'static str) -> Receiver<OwnedEvent> {
    let (sender, seen) = mpsc::channel();
    attach(id, event_name!("telemetry.handler.failure"), move |event: &Event<'_>| {
        if event.metadata().get_str("handler_id") == Some(failed) {
            sender.send(event.into()).unwrap();
        }
    })
    .unwrap();
    seen
}

#[test]
fn t07_detach_on_exception() {
    let failures = failures_of("t07-failures", "t07");
    for fire in ways!("suite.t07.event") {
        attach("t07", event_name!("suite.t07.event"), |_: &Event<'_>| panic!("got_event")).unwrap();
        fire();
        let failure = failures.try_recv().unwrap();
        assert_eq!(
            keys(&failure.metadata),
            BTreeSet::from(["event_name", "handler_id", "kind", "reason", "stacktrace"])
        );
        assert_eq!(failure.get("event_name").unwrap(), "suite.t07.event");
        assert_eq!(failure.get("handler_id").unwrap(), "t07");
        assert_eq!(failure.get("kind").unwrap(), "panic");
        assert_eq!(failure.get("reason").unwrap(), "got_event");
        let frames = failure.get("stacktrace").unwrap().as_array().unwrap();
        assert!(frames[0].as_str().unwrap().contains("t07_detach_on_exception"), "{}", frames[0]);
        assert_eq!(keys(&failure.measurements), BTreeSet::from(["monotonic_time", "system_time"]));

        assert_eq!(list_handlers("suite.t07.event"), []);
        assert_eq!(detach("t07"), not_attached("t07"));
        fire();
        assert!(failures.try_recv().is_err());
    }
    detach("t07-failures").unwrap();
}

#[test]
fn t08_no_execute_detached() {
    for fire in ways!("suite.t08.event") {
        let seen = seen_by("t08", event_name!("suite.t08.event"));
        detach("t08").unwrap();
        fire();
        assert!(seen.try_recv().is_err());
    }
}

#[test]
fn t09_no_execute_on_prefix() {
    let seen = seen_by("t09", event_name!("suite.t09.event"));
    for fire in ways!("suite.t09") {
        fire();
    }
    assert!(seen.try_recv().is_err());
    detach("t09").unwrap();
}

#[test]
fn t10_no_execute_on_specific() {
    let seen = seen_by("t10", event_name!("suite.t10.event"));
    for fire in ways!("suite.t10.event.specific") {
        fire();
    }
    assert!(seen.try_recv().is_err());
    detach("t10").unwrap();
}

/// The same of three events.
macro_rules! three {
    ($a:literal, $b:literal, $c:literal) => {{
        let (a, b, c) = (ways!($a), ways!($b), ways!($c));
        [[a[0], b[0], c[0]], [a[1], b[1], c[1]]]
    }};
}

#[test]
fn t11_handler_on_multiple_events() {
    let seen = seen_by("t11", event_names!["suite.t11.a", "suite.t11.b", "suite.t11.c"]);
    for fire in three!("suite.t11.a", "suite.t11.b", "suite.t11.c") {
        for each in fire {
            each();
        }
        assert_eq!(names(&seen), ["suite.t11.a", "suite.t11.b", "suite.t11.c"]);
    }
    detach("t11").unwrap();
}

#[test]
fn t12_remove_all_handler_on_failure() {
    for fire in three!("suite.t12.a", "suite.t12.b", "suite.t12.c") {
        let (sender, seen) = mpsc::channel();
        attach("t12", event_names!["suite.t12.a", "suite.t12.b", "suite.t12.c"], move |event: &Event<'_>| {
            sender.send(event.name().to_owned()).unwrap();
            panic!("on the first");
        })
        .unwrap();
        for each in fire {
            each();
        }
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["suite.t12.a"]);
        for name in ["suite.t12.a", "suite.t12.b", "suite.t12.c"] {
            assert_eq!(list_handlers(name), [], "{name}");
        }
    }
}

#[test]
fn t13_list_handler_on_many() {
    attach("t13", event_names!["suite.t13.a", "suite.t13.b", "suite.t13.c"], |_: &Event<'_>| {}).unwrap();
    for name in ["suite.t13.a", "suite.t13.b", "suite.t13.c"] {
        assert_eq!(listed(name, "t13"), ["t13"], "{name}");
    }
    // One handler is listed once, however many of its events lie under the prefix.
    assert_eq!(listed("suite.t13", "t13"), ["t13"]);
    detach("t13").unwrap();
}

#[test]
fn t14_detach_from_all() {
    for fire in three!("suite.t14.a", "suite.t14.b", "suite.t14.c") {
        let seen = seen_by("t14", event_names!["suite.t14.a", "suite.t14.b", "suite.t14.c"]);
        detach("t14").unwrap();
        assert_eq!(list_handlers("suite.t14"), []);
        for each in fire {
            each();
        }
        assert!(seen.try_recv().is_err());
    }
}

#[test]
fn t15_old_execute() {
    // A lone number was a measurement `value` once. Here it is an error that says so, and no event.
    let seen = seen_by("t15", event_name!("suite.t15.event"));
    let name = event_name!("suite.t15.event");
    let error = execute(&name, &1, &json!({"some": "metadata"})).unwrap_err();
    assert_eq!(error.to_string(), "the measurements of an event are a map, not a number");
    let error = execute(&name, &json!({"value": 1}), &["some"]).unwrap_err();
    assert_eq!(error.to_string(), "the metadata of an event are a map, not a sequence");
    assert!(seen.try_recv().is_err());
    detach("t15").unwrap();
    // Without a handler nothing is read.
    assert_eq!(execute(&name, &1, &()), Ok(()));
}

#[test]
fn t16_default_metadata() {
    let seen = seen_by("t16", event_name!("suite.t16.event"));
    execute(&event_name!("suite.t16.event"), &json!({"value": 1}), &()).unwrap();
    let event = seen.try_recv().unwrap();
    assert_eq!(json!(event.measurements), json!({"value": 1}));
    assert_eq!(json!(event.metadata), json!({}));
    detach("t16").unwrap();
}

#[test]
fn t17_off_execute() {
    for fire in ways!("suite.t17.event") {
        fire();
    }
}

#[derive(EventMetadata)]
#[span("suite.span", stop(result))]
struct Spanned {
    some: &'static str,
}

#[agent_span(Spanned { some: "metadata" }, stop(|value| result = value))]
fn spanned(value: u8) -> u8 {
    value
}

#[test]
fn t18_invoke_successful_span_handlers() {
    let capture = testing::capture();
    assert_eq!(capture.scope(|| spanned(7)), 7);
    assert_eq!(capture.names(), ["suite.span.start", "suite.span.stop"]);
    let events = capture.events();
    assert_eq!(keys(&events[0].measurements), BTreeSet::from(["monotonic_time", "system_time"]));
    assert_eq!(json!(events[0].metadata), json!({"some": "metadata"}));
    assert_eq!(keys(&events[1].measurements), BTreeSet::from(["duration", "monotonic_time"]));
    // Merged with the start's, which the original's is not.
    assert_eq!(json!(events[1].metadata), json!({"some": "metadata", "result": 7, "status": "ok"}));
    let at = |index: usize| events[index].as_event().measurements().monotonic_time().unwrap();
    assert_eq!(at(0) + events[1].as_event().measurements().duration().unwrap(), at(1));
}

#[tokio::test]
async fn t19_invoke_successful_span_handlers_with_measurements() {
    // The further measurements that a stop can have are a stream's.
    let capture = testing::capture();
    let numbers = capture.scope(
        || in_span!(Spanned { some: "stream" }, stop(|()| result = 0); stream futures::stream::iter([1, 2])),
    );
    assert_eq!(capture.follow(numbers.collect::<Vec<_>>()).await, [1, 2]);
    let events = capture.events();
    let stop = only(&events, "suite.span.stop");
    assert_eq!(
        keys(&stop.measurements),
        BTreeSet::from(["duration", "items", "monotonic_time", "time_to_first_item"])
    );
    assert_eq!(stop.measurements["items"], 2);
}

#[agent_span(Spanned { some: "metadata" }, stop(|()| result = 0))]
fn failing() {
    std::panic::panic_any("badarith");
}

#[test]
fn t20_invoke_exception_span_handlers() {
    let capture = testing::capture();
    let payload = catch_unwind(AssertUnwindSafe(|| capture.scope(failing))).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"badarith"));
    assert_eq!(capture.names(), ["suite.span.start", "suite.span.exception"]);
    let exception = &capture.events()[1];
    assert_eq!(keys(&exception.measurements), BTreeSet::from(["duration", "monotonic_time"]));
    assert_eq!(keys(&exception.metadata), BTreeSet::from(["kind", "reason", "some", "stacktrace"]));
    assert_eq!(exception.get("kind").unwrap(), "panic");
    assert_eq!(exception.get("reason").unwrap(), "badarith");
    assert_eq!(exception.get("some").unwrap(), "metadata");
    let frames = exception.get("stacktrace").unwrap().as_array().unwrap();
    assert!(frames.iter().all(serde_json::Value::is_string));
    assert!(frames[0].as_str().unwrap().contains("failing"), "{}", frames[0]);
}

#[test]
fn t21_spans_generate_unique_default_contexts() {
    let capture = testing::capture();
    capture.scope(|| {
        spanned(1);
        spanned(2);
    });
    let spans: Vec<_> = capture.events().iter().map(|event| event.span.unwrap()).collect();
    assert_eq!((spans[0], spans[2]), (spans[1], spans[3]));
    assert_ne!(spans[0].id, spans[2].id);
    assert_ne!(spans[0].trace_id, spans[2].trace_id);
    let next = catch_unwind(AssertUnwindSafe(|| capture.scope(failing)));
    assert!(next.is_err());
    let failed: Vec<_> = capture.events()[4..].iter().map(|event| event.span.unwrap()).collect();
    assert_eq!(failed[0], failed[1]);
}

#[test]
fn t23_simple_message() {
    // What `telemetry_test` makes: a handler that sends everything to a mailbox.
    for fire in ways!("suite.t23.event") {
        let mailbox = seen_by("t23", event_name!("suite.t23.event"));
        fire();
        assert_whole(&mailbox.recv().unwrap(), "suite.t23.event");
        detach("t23").unwrap();
        fire();
        assert!(mailbox.try_recv().is_err());
        // Without a name of its own: for as long as the context lives.
        let capture = testing::capture_only(event_names!["suite.t23.event"]);
        capture.scope(fire);
        fire();
        let captured = capture.events();
        assert_eq!(captured.len(), 1);
        assert_whole(&captured[0], "suite.t23.event");
    }
}

#[test]
fn handlers_run_in_the_emitting_thread_before_the_emission_returns() {
    for fire in ways!("suite.thread.event") {
        let (sender, seen) = mpsc::channel();
        attach("thread", event_name!("suite.thread.event"), move |_: &Event<'_>| {
            sender.send(thread::current().id()).unwrap();
        })
        .unwrap();
        fire();
        assert_eq!(seen.try_recv(), Ok(thread::current().id()));
        let emitter = thread::spawn(move || {
            fire();
            thread::current().id()
        });
        assert_eq!(emitter.join().unwrap(), seen.try_recv().unwrap());
        detach("thread").unwrap();
    }
}

#[test]
fn handlers_run_in_attach_order() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let ids = ["order-c", "order-a", "order-d", "order-b"];
    for id in ids {
        let log = log.clone();
        attach(id, event_name!("suite.order.event"), move |_: &Event<'_>| log.lock().unwrap().push(id))
            .unwrap();
    }
    for fire in ways!("suite.order.event") {
        fire();
        assert_eq!(std::mem::take(&mut *log.lock().unwrap()), ids);
    }
    // One that comes back comes last.
    detach("order-c").unwrap();
    let again = log.clone();
    attach("order-c", event_names!["suite.order.**"], move |_: &Event<'_>| {
        again.lock().unwrap().push("order-c");
    })
    .unwrap();
    for fire in ways!("suite.order.event") {
        fire();
        assert_eq!(std::mem::take(&mut *log.lock().unwrap()), ["order-a", "order-d", "order-b", "order-c"]);
    }
    assert_eq!(listed("suite.order", "order-"), ["order-a", "order-d", "order-b", "order-c"]);
    for id in ids {
        detach(id).unwrap();
    }
}

#[test]
fn one_detached_meanwhile_still_gets_the_event_under_way() {
    for fire in ways!("suite.snapshot.detached") {
        attach("snapshot-first", event_name!("suite.snapshot.detached"), |_: &Event<'_>| {
            let _ = detach("snapshot-second");
        })
        .unwrap();
        let second = seen_by("snapshot-second", event_name!("suite.snapshot.detached"));
        fire();
        assert_eq!(second.try_iter().count(), 1);
        fire();
        assert_eq!(second.try_iter().count(), 0);
        detach("snapshot-first").unwrap();
    }
}

#[test]
fn one_attached_meanwhile_gets_the_next_event() {
    for fire in ways!("suite.snapshot.attached") {
        let (sender, late) = mpsc::channel();
        attach("snapshot-early", event_name!("suite.snapshot.attached"), move |_: &Event<'_>| {
            let _ = attach("snapshot-late", event_name!("suite.snapshot.attached"), sending(sender.clone()));
        })
        .unwrap();
        fire();
        assert_eq!(late.try_iter().count(), 0);
        fire();
        assert_eq!(late.try_iter().count(), 1);
        detach("snapshot-early").unwrap();
        detach("snapshot-late").unwrap();
    }
}

#[test]
fn a_handler_may_detach_itself() {
    for fire in ways!("suite.snapshot.itself") {
        let (sender, seen) = mpsc::channel();
        attach("snapshot-itself", event_name!("suite.snapshot.itself"), move |_: &Event<'_>| {
            detach("snapshot-itself").unwrap();
            sender.send(()).unwrap();
        })
        .unwrap();
        fire();
        fire();
        assert_eq!(seen.try_iter().count(), 1);
        assert_eq!(detach("snapshot-itself"), not_attached("snapshot-itself"));
    }
}

#[test]
fn a_failing_handler_stops_no_other() {
    for fire in ways!("suite.failing.event") {
        let before = seen_by("failing-before", event_name!("suite.failing.event"));
        attach("failing", event_name!("suite.failing.event"), |_: &Event<'_>| panic!("mine alone")).unwrap();
        let after = seen_by("failing-after", event_name!("suite.failing.event"));
        fire();
        fire();
        assert_eq!((before.try_iter().count(), after.try_iter().count()), (2, 2));
        assert_eq!(listed("suite.failing", "failing"), ["failing-before", "failing-after"]);
        detach("failing-before").unwrap();
        detach("failing-after").unwrap();
    }
}

#[test]
fn a_handler_that_fails_at_a_start_leaves_the_span_alone() {
    let capture = testing::capture();
    let context = capture.context().with_handler(event_names!["suite.span.**"], |event: &Event<'_>| {
        panic!("cannot take {}", event.name());
    });
    assert_eq!(context.scope(|| spanned(3)), 3);
    assert_eq!(
        capture.names(),
        ["suite.span.start", "telemetry.handler.failure", "suite.span.stop"],
        "fails once and is gone"
    );
}

#[test]
fn a_handler_of_failures_that_fails_is_detached_too() {
    const FAILURE: EventName = event_name!("telemetry.handler.failure");
    // Handlers of failures see those of all tests: these look at their own only.
    fn of(event: &Event<'_>, ids: &[&str]) -> Option<String> {
        let id = event.metadata().get_str("handler_id")?;
        ids.contains(&id).then(|| id.to_owned())
    }
    let (sender, seen) = mpsc::channel();
    let first = sender.clone();
    attach("nested-first", FAILURE, move |event: &Event<'_>| {
        if let Some(id) = of(event, &["nested", "nested-failing"]) {
            first.send(format!("first: {id}")).unwrap();
        }
    })
    .unwrap();
    attach("nested-failing", FAILURE, |event: &Event<'_>| {
        assert_eq!(of(event, &["nested"]), None, "of no help");
    })
    .unwrap();
    attach("nested-last", FAILURE, move |event: &Event<'_>| {
        if let Some(id) = of(event, &["nested", "nested-failing"]) {
            sender.send(format!("last: {id}")).unwrap();
        }
    })
    .unwrap();
    attach("nested", event_name!("suite.nested.event"), |_: &Event<'_>| panic!("to begin with")).unwrap();
    execute(&event_name!("suite.nested.event"), &(), &()).unwrap();
    // The nested failure goes to all that are left before the outer one goes on.
    assert_eq!(
        seen.try_iter().collect::<Vec<_>>(),
        ["first: nested", "first: nested-failing", "last: nested-failing", "last: nested"]
    );
    assert_eq!(listed("telemetry.handler.failure", "nested"), ["nested-first", "nested-last"]);
    detach("nested-first").unwrap();
    detach("nested-last").unwrap();
}

#[test]
fn a_lone_handler_of_failures_that_fails_ends_it() {
    // Every scope has its own, so nothing but the test's failures comes here.
    let count = Arc::new(Mutex::new(0));
    let counted = count.clone();
    let context = Context::current()
        .with_handler(event_names!["telemetry.**"], move |_: &Event<'_>| {
            *counted.lock().unwrap() += 1;
            panic!("again");
        })
        .with_handler(event_names!["suite.lone.event"], |_: &Event<'_>| panic!("first"));
    for fire in ways!("suite.lone.event") {
        context.scope(fire);
    }
    assert_eq!(*count.lock().unwrap(), 1);
}

#[test]
fn attaching_to_no_event_attaches_nothing() {
    attach("empty", Vec::<EventName>::new(), |_: &Event<'_>| {}).unwrap();
    assert_eq!(detach("empty"), not_attached("empty"));
    attach("empty", event_name!("suite.empty.event"), |_: &Event<'_>| {}).unwrap();
    assert_eq!(attach("empty", Vec::<EventName>::new(), |_: &Event<'_>| {}).map(drop), already("empty"));
    detach("empty").unwrap();
}

#[test]
fn attaching_under_an_id_in_use_adds_nothing() {
    let seen = seen_by("taken", event_name!("suite.taken.event"));
    let (sender, never) = mpsc::channel();
    let both = event_names!["suite.taken.fresh", "suite.taken.event"];
    assert_eq!(attach("taken", both, sending(sender.clone())).map(drop), already("taken"));
    // Not even to events without a handler.
    assert_eq!(
        attach("taken", event_name!("suite.taken.fresh"), sending(sender)).map(drop),
        already("taken")
    );
    assert_eq!(list_handlers("suite.taken.fresh"), []);
    for fire in ways!("suite.taken.event").into_iter().chain(ways!("suite.taken.fresh")) {
        fire();
    }
    assert_eq!(names(&seen), ["suite.taken.event", "suite.taken.event"]);
    assert!(never.try_recv().is_err());
    detach("taken").unwrap();
}

#[test]
fn an_event_named_twice_is_given_once() {
    let seen = seen_by(
        "twice",
        event_names![
            "suite.twice.event",
            "suite.twice.event",
            "suite.twice.*",
            "*.twice.event",
            "suite.twice.**"
        ],
    );
    for fire in ways!("suite.twice.event") {
        fire();
        assert_eq!(names(&seen), ["suite.twice.event"]);
    }
    let patterns = &list_handlers("suite.twice.event")[0].patterns;
    assert_eq!(patterns.len(), 4, "{patterns:?}");
    detach("twice").unwrap();
}

#[test]
fn patterns_select_by_segment() {
    let seen = seen_by("patterns", event_names!["suite.patterns.*.done", "suite.patterns.rest.**"]);
    let all = [
        ways!("suite.patterns.a.done"),
        ways!("suite.patterns.a.b.done"),
        ways!("suite.patterns.done"),
        ways!("suite.patterns.a.done.more"),
        ways!("suite.patterns.rest"),
        ways!("suite.patterns.rest.x"),
        ways!("suite.patterns.rest.x.y"),
        ways!("suite.patterns.rest.done"),
    ];
    for fire in all.into_iter().flatten() {
        fire();
    }
    let mut names = names(&seen);
    names.dedup();
    assert_eq!(
        names,
        [
            "suite.patterns.a.done",
            "suite.patterns.rest.x",
            "suite.patterns.rest.x.y",
            "suite.patterns.rest.done"
        ]
    );
    detach("patterns").unwrap();
}

#[derive(EventMetadata)]
#[span("suite.overwritten")]
struct Overwritten {
    kind: &'static str,
    reason: &'static str,
}

#[agent_span(Overwritten { kind: "mine", reason: "because" })]
fn overwritten(fails: bool) {
    assert!(!fails, "it fails");
}

#[test]
fn what_an_exception_says_replaces_a_key_of_the_start() {
    let capture = testing::capture();
    capture.scope(|| overwritten(false));
    assert!(catch_unwind(AssertUnwindSafe(|| capture.scope(|| overwritten(true)))).is_err());
    let kinds: Vec<_> = capture.events().iter().map(|event| event.get("kind").unwrap().clone()).collect();
    assert_eq!(kinds, ["mine", "mine", "mine", "panic"]);
    assert_eq!(capture.events()[3].get("reason").unwrap(), "it fails");
}

#[test]
fn a_handler_outlives_the_thread_that_attached_it() {
    let (sender, seen) = mpsc::channel();
    let attaching = thread::spawn(move || {
        attach("outlives", event_name!("suite.outlives.event"), sending(sender)).unwrap();
    });
    attaching.join().unwrap();
    for fire in ways!("suite.outlives.event") {
        fire();
    }
    assert_eq!(seen.try_iter().count(), 2);
    detach("outlives").unwrap();
}

#[test]
fn attaching_and_detaching_leaves_nothing_behind() {
    let fire = ways!("suite.churn.event");
    let always = seen_by("churn-always", event_name!("suite.churn.event"));
    for round in 0..1_000 {
        let id = format!("churn-{round}");
        let seen = seen_by(&id, event_name!("suite.churn.event"));
        fire[round % 2]();
        assert_eq!(seen.try_iter().count(), 1);
        detach(&id).unwrap();
        // The handler is gone, and with it what it held: at once, or when another thread's dispatch ends.
        assert_eq!(seen.recv_timeout(Duration::from_secs(60)), Err(mpsc::RecvTimeoutError::Disconnected));
    }
    assert_eq!(always.try_iter().count(), 1_000);
    detach("churn-always").unwrap();
    assert_eq!(list_handlers("suite.churn"), []);
}
