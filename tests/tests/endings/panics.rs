use super::*;

#[test]
fn ends_every_span_it_passes_and_goes_on_as_the_same_panic() {
    let capture = testing::capture();
    let payload = Arc::new("the one");
    let thrown = payload.clone();
    let result = caught(|| capture.scope(|| outer(|| inner(move || panic_any(thrown)))));
    let got = result.unwrap_err().downcast::<Arc<&str>>().unwrap();
    assert!(Arc::ptr_eq(&got, &payload));
    assert_eq!(ends(&capture), ["2 panic", "1 panic"]);
    assert_eq!(Context::current().span(), None);
}

#[test]
fn each_span_has_the_message_and_the_frames_of_where_it_began() {
    let capture = testing::capture();
    #[inline(never)]
    fn deep_down() {
        panic!("number {}", 7);
    }
    assert!(caught(|| capture.scope(|| outer(|| inner(deep_down)))).is_err());
    for exception in exceptions(&capture) {
        assert_eq!(exception.get("reason").unwrap(), "number 7");
        assert!(frames(&exception)[0].contains("deep_down"), "{exception:?}");
    }
}

#[tokio::test]
async fn in_a_future_after_an_await() {
    let capture = testing::capture();
    let work = step(1, async {
        tokio::task::yield_now().await;
        step(2, async { panic!("late") }).await;
    });
    let payload = AssertUnwindSafe(capture.follow(work)).catch_unwind().await.unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"late"));
    assert_eq!(ends(&capture), ["2 panic", "1 panic"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_spawned_task() {
    let capture = testing::capture();
    let work = async {
        tokio::task::yield_now().await;
        panic!("in a task");
    };
    let error = tokio::spawn(capture.follow(step(1, work))).await.unwrap_err();
    assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"in a task"));
    assert_eq!(ends(&capture), ["1 panic"]);
    assert_eq!(exceptions(&capture)[0].get("reason").unwrap(), "in a task");
}

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

#[test]
fn in_a_destructor_of_a_local() {
    let capture = testing::capture();
    assert!(caught(|| capture.scope(|| outer(|| drop(Bomb("local"))))).is_err());
    assert_eq!(ends(&capture), ["1 panic"]);
    assert_eq!(exceptions(&capture)[0].get("reason").unwrap(), "local");
}

#[test]
fn in_a_destructor_of_what_a_cancelled_future_holds() {
    let capture = testing::capture();
    let mut work = Box::pin(capture.follow(step(1, async {
        let _bomb = Bomb("held");
        pending::<()>().await;
    })));
    assert!(poll_once(work.as_mut()).is_pending());
    assert_eq!(caught(|| drop(work)).unwrap_err().downcast_ref::<String>().unwrap(), "held");
    assert_eq!(ends(&capture), ["1 panic"]);
}

#[test]
fn in_a_destructor_of_what_a_finished_future_holds() {
    struct Finished(#[allow(dead_code, reason = "for its destructor")] Bomb);
    impl Future for Finished {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    let capture = testing::capture();
    let mut work = Box::pin(capture.follow(step(1, Finished(Bomb("spent")))));
    assert!(caught(|| poll_once(work.as_mut())).is_err());
    drop(work);
    assert_eq!(ends(&capture), ["1 panic"]);
}

/// Calls a function when it is dropped.
struct Finally<F: FnMut()>(F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn does_not_colour_what_destructors_do_on_its_way() {
    let capture = testing::capture();
    let result = caught(|| {
        capture.scope(|| {
            outer(|| {
                let _cleanup = Finally(|| {
                    inner(|| ());
                    in_span!(Step { n: 3 }, stop(|_done| status = "fine"); || ());
                    assert!(caught(|| inner(|| panic!("within the cleanup"))).is_err());
                });
                panic!("the cause");
            });
        });
    });
    assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"the cause"));
    assert_eq!(ends(&capture), ["2 ok", "3 fine", "2 panic", "1 panic"]);
    let exceptions = exceptions(&capture);
    assert_eq!(exceptions[0].get("reason").unwrap(), "within the cleanup");
    assert_eq!(exceptions[1].get("reason").unwrap(), "the cause");
    assert!(!frames(&exceptions[1]).is_empty(), "the frames of the cause are not lost");
}

#[test]
fn that_is_caught_inside_a_span_leaves_no_trace_on_its_stop() {
    let capture = testing::capture();
    capture.scope(|| outer(|| assert!(caught(|| inner(|| panic!("caught"))).is_err())));
    assert_eq!(ends(&capture), ["2 panic", "1 ok"]);
    let events = capture.events();
    assert_eq!(only(&events, "endings.step.stop").get("reason"), None);
}

#[test]
fn resumed_from_another_thread_has_its_own_message() {
    let capture = testing::capture();
    let result = caught(|| {
        capture.scope(|| {
            outer(|| {
                assert!(caught(|| panic!("another one, caught before")).is_err());
                let payload = std::thread::spawn(|| panic!("over there")).join().unwrap_err();
                resume_unwind(payload);
            });
        });
    });
    assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"over there"));
    assert_eq!(ends(&capture), ["1 panic"]);
    let exception = &exceptions(&capture)[0];
    assert_eq!(exception.get("reason").unwrap(), "over there");
    let frames = frames(exception);
    assert!(frames.is_empty(), "not those of the other panic: {frames:?}");
}

#[test]
fn while_a_handler_runs_is_not_taken_for_the_spans_own() {
    let capture = testing::capture().with_context(|context| {
        context.with_handler(event_name!("endings.step.exception"), |event: &Event<'_>| {
            assert!(event.metadata().get("n").unwrap() != 2, "the handler's own");
        })
    });
    let result = caught(|| capture.scope(|| outer(|| inner(|| panic!("the work's")))));
    assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"the work's"));
    assert_eq!(ends(&capture), ["2 panic", "1 panic"]);
    for exception in exceptions(&capture) {
        assert_eq!(exception.get("reason").unwrap(), "the work's");
        assert!(!frames(&exception).is_empty(), "n = {}", exception.get("n").unwrap());
    }
    let failure = &capture.named("telemetry.handler.failure")[0];
    assert_eq!(failure.get("reason").unwrap(), "the handler's own");
    assert!(!frames(failure).is_empty());
}

#[agent_span(Step { n: 1 })]
fn plain<F: Future>(work: F) -> impl Future<Output = F::Output> {
    work
}

/// A future that is no `async` block does not drop what it holds as a panic passes it.
#[test]
fn of_a_future_that_goes_on_holding_others_ends_those_first() {
    let capture = testing::capture();
    let joined = futures::future::join(step(2, pending::<()>()), step(3, async { panic!("third") }));
    let mut work = Box::pin(capture.follow(plain(joined)));
    let payload = caught(|| poll_once(work.as_mut())).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"third"));
    drop(work);
    assert_eq!(ends(&capture), ["3 panic", "2 cancelled", "1 panic"]);
}

#[test]
fn of_a_sibling_ends_the_others_before_what_is_around_them() {
    let capture = testing::capture();
    let mut work = Box::pin(capture.follow(step(1, async {
        futures::join!(step(2, pending::<()>()), step(3, async { panic!("third") }));
    })));
    assert!(caught(|| poll_once(work.as_mut())).is_err());
    drop(work);
    assert_eq!(ends(&capture), ["3 panic", "2 cancelled", "1 panic"]);
}

#[test]
fn of_a_panicked_future_that_is_polled_again_adds_no_event() {
    let capture = testing::capture();
    let mut work = Box::pin(capture.follow(step(1, async { panic!("once") })));
    assert!(caught(|| poll_once(work.as_mut())).is_err());
    assert!(caught(|| poll_once(work.as_mut())).is_err());
    drop(work);
    assert_eq!(ends(&capture), ["1 panic"]);
}

#[test]
fn with_a_payload_that_panics_when_it_is_dropped_goes_on_too() {
    let capture = testing::capture();
    let result = caught(|| capture.scope(|| outer(|| panic_any(Bomb("payload")))));
    let payload = result.unwrap_err().downcast::<Bomb>().unwrap();
    std::mem::forget(payload);
    assert_eq!(ends(&capture), ["1 panic"]);
}

#[test]
fn in_a_handler_with_such_a_payload_affects_no_other() {
    let capture = testing::capture().with_context(|context| {
        context.with_handler(event_name!("endings.step.start"), |_: &Event<'_>| {
            panic_any(Bomb("a handler's payload"))
        })
    });
    capture.scope(|| outer(|| inner(|| ())));
    assert_eq!(ends(&capture), ["2 ok", "1 ok"]);
    assert_eq!(capture.named("telemetry.handler.failure").len(), 1);
}

/// Resolving frames takes milliseconds, so it happens only when they are read.
#[test]
fn frames_are_resolved_when_they_are_read() {
    let lazy = |context: Context| {
        let seen = Arc::new(Mutex::new(None));
        let sink = seen.clone();
        let context =
            context.with_handler(event_name!("endings.step.exception"), move |event: &Event<'_>| {
                let value = event.metadata().get("stacktrace").unwrap();
                *sink.lock().unwrap() = Some(matches!(value, Value::Lazy(_)));
            });
        assert!(caught(|| context.scope(|| outer(|| panic!("boom")))).is_err());
        seen.lock().unwrap().take().unwrap()
    };
    assert!(lazy(Context::new()));
    let secrets = Secrets::resolve([("KEY", "endings-secret")]).unwrap();
    assert!(lazy(Context::new().with_secrets(secrets)), "with secrets alive too");
}

/// A hook cannot be installed by a thread that panics.
#[test]
fn the_first_handler_may_be_attached_while_a_thread_panics() {
    passes(own_process("panics::in_a_process_of_its_own").env("ENDINGS_CHILD", "1"));
}

#[test]
fn in_a_process_of_its_own() {
    if std::env::var_os("ENDINGS_CHILD").is_none() {
        return;
    }
    let result = caught(|| {
        let _attach = Finally(|| {
            let capture = testing::capture();
            capture.scope(|| inner(|| ()));
            assert_eq!(ends(&capture), ["2 ok"]);
        });
        panic!("before anything was attached");
    });
    assert!(result.is_err());
    let capture = testing::capture();
    assert!(caught(|| capture.scope(|| inner(|| panic!("later")))).is_err());
    assert!(!frames(&exceptions(&capture)[0]).is_empty());
}
