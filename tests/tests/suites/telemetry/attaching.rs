//! Attaching and detaching handlers, and the patterns that select their events.

use super::*;

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
