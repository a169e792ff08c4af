//! The cases of `:telemetry`'s own test suite, in its order.

use super::*;

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
    // A lone number was a measurement `value` once. Here it is an error, and no event.
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
