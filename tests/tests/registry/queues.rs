use super::*;

/// Nothing is lost without being counted: not those that wait behind a failure either.
#[test]
fn count_all_that_they_lose() {
    for fails_at in [u64::MAX, 500] {
        let handled = Arc::new(AtomicU64::new(0));
        let count = handled.clone();
        let queue = queue(64, move |_: &Event<'_>| {
            if count.fetch_add(1, Ordering::Relaxed) + 1 == fails_at {
                std::panic::resume_unwind(Box::new("the worker fails"));
            }
        })
        .unwrap();
        let event = name("fire_queue.count.event");
        let id = format!("fire-queue-{fails_at}");
        attach(&id, event.clone(), queue.clone()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|number| emit(&event, number)));
            }
        });
        let mut emitted = 4000;
        // Where most were dropped, the failure is still to come.
        let is_whole = loop {
            let is_whole = queue.flush(Duration::MAX);
            if !is_whole || fails_at == u64::MAX {
                break is_whole;
            }
            emit(&event, emitted);
            emitted += 1;
        };
        assert_eq!(is_whole, fails_at == u64::MAX);
        let (handled, dropped) = (handled.load(Ordering::Relaxed), queue.dropped());
        if is_whole {
            assert_eq!(handled + dropped, emitted, "{handled} handled");
            detach(&id).unwrap();
        } else {
            // It was detached at the next event after, and is not given the rest.
            assert_eq!(handled, 500);
            assert!(handled + dropped <= emitted, "{dropped} dropped");
            execute(&event, &(), &()).unwrap();
            assert!(detach(&id).is_err());
        }
    }
}

#[test]
fn count_what_waited_behind_a_failure() {
    let (open, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let queue = queue(8, move |_: &Event<'_>| {
        let _ = gate.lock().unwrap().recv();
        std::panic::resume_unwind(Box::new("the worker fails"));
    })
    .unwrap();
    let event = name("fire_queue.behind.event");
    attach("fire-queue-behind", event.clone(), queue.clone()).unwrap();
    (0..5).for_each(|number| emit(&event, number));
    assert_eq!(queue.dropped(), 0);
    drop(open);
    assert!(!queue.flush(Duration::MAX));
    assert_eq!(queue.dropped(), 4);
    detach("fire-queue-behind").unwrap();
}

/// What the worker's handler emits comes back to it no more than that of any handler.
#[test]
fn are_not_given_what_their_own_handlers_emit() {
    let event = name("fire_queue.loop.event");
    let (again, seen) = (event.clone(), Arc::new(Mutex::new(Vec::new())));
    let sink = seen.clone();
    let queue = queue(16, move |event: &Event<'_>| {
        let number = number(event);
        sink.lock().unwrap().push(number);
        emit(&again, number + 1);
    })
    .unwrap();
    let others = Arc::new(AtomicUsize::new(0));
    let count = others.clone();
    attach("fire-queue-loop", event.clone(), queue.clone()).unwrap();
    attach("fire-queue-other", event.clone(), move |_: &Event<'_>| {
        count.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    emit(&event, 1);
    assert!(queue.flush(Duration::from_secs(60)));
    detach("fire-queue-loop").unwrap();
    detach("fire-queue-other").unwrap();
    assert_eq!(*seen.lock().unwrap(), [1]);
    assert_eq!(others.load(Ordering::Relaxed), 2);
}

/// A worker that flushes its own queue would wait for itself.
#[test]
fn flushed_by_their_own_worker_do_not_hang() {
    let slot: Arc<Mutex<Option<telemetry_runtime::Queue>>> = Arc::default();
    let (own, (sender, flushed)) = (slot.clone(), channel());
    let queue = queue(4, move |_: &Event<'_>| {
        let queue = own.lock().unwrap().clone().unwrap();
        sender.send(queue.flush(Duration::MAX)).unwrap();
    })
    .unwrap();
    *slot.lock().unwrap() = Some(queue.clone());
    let event = name("fire_queue.own.event");
    attach("fire-queue-own", event.clone(), queue.clone()).unwrap();
    emit(&event, 1);
    assert!(!flushed.recv().unwrap());
    detach("fire-queue-own").unwrap();
    slot.lock().unwrap().take();
}

#[test]
fn end_with_their_last_clone_after_what_waits() {
    struct Ended(std::sync::mpsc::Sender<u64>, AtomicU64);
    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.send(self.1.load(Ordering::Relaxed)).unwrap();
        }
    }
    let (sender, ended) = channel();
    let ended_with = Ended(sender, AtomicU64::new(0));
    let queue = queue(32, move |_: &Event<'_>| {
        ended_with.1.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    let event = name("fire_queue.last.event");
    attach("fire-queue-last", event.clone(), queue.clone()).unwrap();
    (0..32).for_each(|number| emit(&event, number));
    let dropped = queue.dropped();
    drop(queue);
    detach("fire-queue-last").unwrap();
    assert_eq!(ended.recv().unwrap() + dropped, 32);
}

#[test]
fn serve_many_patterns_and_contexts_at_once() {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let sink = seen.clone();
    let queue = queue(256, move |event: &Event<'_>| {
        sink.lock().unwrap().insert((event.name().to_owned(), number(event)));
    })
    .unwrap();
    attach("fire-queue-many", event_names!["fire_queue.many.**"], queue.clone()).unwrap();
    let context = Context::new().with_handler(event_names!["fire_queue.more.**"], queue.clone());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert!(queue.flush(Duration::from_secs(60)));
            }
        });
        for number in 0..50 {
            emit(&name("fire_queue.many.event"), number);
            context.scope(|| emit(&name("fire_queue.more.event"), number));
            emit(&name("fire_queue.more.event"), 1000);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(queue.flush(Duration::from_secs(60)));
    detach("fire-queue-many").unwrap();
    assert_eq!(seen.lock().unwrap().len() as u64 + queue.dropped(), 100);
}
