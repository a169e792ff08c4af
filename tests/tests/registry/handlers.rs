use super::*;

/// They do so while others emit, attach and detach: none waits for another for ever.
#[test]
fn that_change_the_registry_as_they_run() {
    let event = name("fire.change.event");
    let seen = Arc::new(AtomicU64::new(0));
    let count = seen.clone();
    attach("fire-change", event.clone(), move |event: &Event<'_>| {
        count.fetch_add(1, Ordering::Relaxed);
        let id = format!("fire-change-{:?}", std::thread::current().id());
        // One more of its kind, which takes itself away when it is called.
        let own = id.clone();
        let _ = attach(&id, event_name!("fire.change.event"), move |_: &Event<'_>| {
            let _ = detach(&own);
        });
        if number(event).is_multiple_of(3) {
            let _ = detach(&id);
        }
        let _ = list_handlers("fire");
    })
    .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..500).for_each(|number| emit(&event, number)));
        }
    });
    detach("fire-change").unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 2000);
    for left in list_handlers("fire.change") {
        detach(&left.id).unwrap();
    }
}

/// One attached or detached by another changes the next event, not this one.
#[test]
fn see_a_snapshot() {
    let event = name("fire.snapshot.event");
    let log: Arc<Mutex<Vec<(&str, u64)>>> = Arc::default();
    let (first, second, third) = (log.clone(), log.clone(), log.clone());
    attach("fire-snapshot-1", event.clone(), move |event: &Event<'_>| {
        first.lock().unwrap().push(("first", number(event)));
        let third = third.clone();
        let _ = attach("fire-snapshot-3", event_name!("fire.snapshot.event"), move |event: &Event<'_>| {
            third.lock().unwrap().push(("third", number(event)));
        });
        let _ = detach("fire-snapshot-2");
    })
    .unwrap();
    attach("fire-snapshot-2", event.clone(), move |event: &Event<'_>| {
        second.lock().unwrap().push(("second", number(event)));
    })
    .unwrap();
    emit(&event, 1);
    emit(&event, 2);
    detach("fire-snapshot-1").unwrap();
    detach("fire-snapshot-3").unwrap();
    assert_eq!(*log.lock().unwrap(), [("first", 1), ("second", 1), ("first", 2), ("third", 2)]);
}

/// Each that fails is detached and reported once, in however many threads it fails at once.
#[test]
fn that_fail_in_many_threads_fail_once() {
    let event = name("fire.fails.event");
    let failures = Arc::new(AtomicUsize::new(0));
    let count = failures.clone();
    attach("fire-fails-told", event_name!("telemetry.handler.failure"), move |event: &Event<'_>| {
        if event.metadata().get_str("handler_id") == Some("fire-fails") {
            count.fetch_add(1, Ordering::Relaxed);
        }
    })
    .unwrap();
    for round in 1..=50 {
        attach("fire-fails", event.clone(), |_: &Event<'_>| {
            std::panic::resume_unwind(Box::new("fails"));
        })
        .unwrap();
        let barrier = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    emit(&event, 1);
                });
            }
        });
        assert_eq!(failures.load(Ordering::Relaxed), round);
        assert!(detach("fire-fails").is_err());
    }
    detach("fire-fails-told").unwrap();
}

/// Contexts with handlers come and go; who else listens notices nothing.
#[test]
fn of_contexts_that_come_and_go_see_their_own() {
    #[derive(EventMetadata)]
    #[event("fire.scoped.event")]
    struct Shot {
        #[event(measurement)]
        number: u64,
    }
    let everything = Arc::new(AtomicU64::new(0));
    let count = everything.clone();
    attach("fire-scoped", event_name!("fire.scoped.event"), move |_: &Event<'_>| {
        count.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            scope.spawn(move || {
                for round in 0..500 {
                    let seen = Arc::new(Mutex::new(Vec::new()));
                    let sink = seen.clone();
                    let context = Context::new().with_handler(
                        event_name!("fire.scoped.event"),
                        move |e: &Event<'_>| {
                            sink.lock().unwrap().push(number(e));
                        },
                    );
                    let shot = thread * 1000 + round;
                    context.scope(|| Shot { number: shot }.emit());
                    Shot { number: 0 }.emit();
                    assert_eq!(*seen.lock().unwrap(), [shot]);
                }
            });
        }
    });
    detach("fire-scoped").unwrap();
    assert_eq!(everything.load(Ordering::Relaxed), 4000);
}
