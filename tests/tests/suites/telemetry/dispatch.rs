//! Which handlers receive an event, in which order and thread, and what happens when one fails.

use super::*;

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
fn the_keys_of_an_exception_replace_those_of_the_start() {
    let capture = testing::capture();
    capture.scope(|| overwritten(false));
    assert!(catch_unwind(AssertUnwindSafe(|| capture.scope(|| overwritten(true)))).is_err());
    let kinds: Vec<_> = capture.events().iter().map(|event| event.get("kind").unwrap().clone()).collect();
    assert_eq!(kinds, ["mine", "mine", "mine", "panic"]);
    assert_eq!(capture.events()[3].get("reason").unwrap(), "it fails");
}
