use super::*;

#[test]
fn a_future_polled_by_many_threads_is_one_span_in_its_own_context() {
    let capture = testing::capture().with_context(|context| context.with_session_id("s-1"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let mut left = 5;
    let mut work: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(capture.follow(step(1, async move {
        std::future::poll_fn(|_| {
            let context = Context::current();
            let session = context.session_id().map(str::to_owned);
            log.lock().unwrap().push((std::thread::current().id(), session, context.span()));
            left -= 1;
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        step(2, ready(())).await;
    })));
    let mut polls = 0;
    let done = loop {
        let (back, ready) = std::thread::spawn(move || {
            let ready = poll_once(work.as_mut()).is_ready();
            assert_eq!(Context::current().span(), None);
            (work, ready)
        })
        .join()
        .unwrap();
        work = back;
        polls += 1;
        if ready {
            break work;
        }
    };
    drop(done);
    assert_eq!(polls, 5);
    assert_eq!(ends(&capture), ["2 ok", "1 ok"]);
    let events = capture.events();
    let span = events[0].span.unwrap();
    assert_eq!(events.last().unwrap().span.unwrap(), span);
    assert_eq!(events[1].span.unwrap().parent_id, Some(span.id));
    let seen = seen.lock().unwrap();
    let threads: std::collections::HashSet<_> = seen.iter().map(|(thread, ..)| thread).collect();
    assert_eq!(threads.len(), 5);
    assert!(
        seen.iter()
            .all(|(_, session, current)| { session.as_deref() == Some("s-1") && *current == Some(span) })
    );
}

#[test]
fn dropped_by_another_thread_it_is_cancelled_there() {
    let capture = testing::capture();
    let mut work = Box::pin(capture.follow(step(1, step(2, pending::<()>()))));
    assert!(poll_once(work.as_mut()).is_pending());
    std::thread::spawn(move || drop(work)).join().unwrap();
    assert_eq!(ends(&capture), ["2 cancelled", "1 cancelled"]);
}

/// A thread's own context is destroyed with its other locals, and what comes after still ends.
#[test]
fn dropped_by_a_threads_destructor_it_is_cancelled_in_its_own_context() {
    thread_local! {
        static KEPT: Mutex<Vec<Pin<Box<dyn Future<Output = ()> + Send>>>> = const { Mutex::new(Vec::new()) };
    }
    let capture =
        testing::capture().with_context(|context| context.with_session_id("s-1").with("user_id", "u-1"));
    let context = capture.context();
    std::thread::spawn(move || {
        KEPT.with(|kept| {
            let mut work = Box::pin(step(1, step(2, pending::<()>())).in_context(context));
            assert!(poll_once(work.as_mut()).is_pending());
            kept.lock().unwrap().push(work);
        });
    })
    .join()
    .unwrap();
    assert_eq!(ends(&capture), ["2 cancelled", "1 cancelled"]);
    for exception in exceptions(&capture) {
        assert_eq!(exception.get("user_id").unwrap(), "u-1");
        assert_eq!(exception.get("session_id").unwrap(), "s-1");
    }
}
