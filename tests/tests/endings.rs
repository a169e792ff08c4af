//! Every start has exactly one end, and the end says how it came.

use std::any::Any;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use futures::FutureExt;
use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    Context, ErrorType, Event, EventMetadata, InContext, OwnedEvent, Secrets, Value, agent_span, attach,
    detach, emit, event_name, event_names, execute, in_span, record,
};

#[derive(EventMetadata)]
#[span("endings.step")]
struct Step {
    n: u32,
}

/// The spans that ended, in that order: `1 ok`, `2 panic`, `3 cancelled`.
fn ends(capture: &Capture) -> Vec<String> {
    let events = capture.events();
    let starts = events.iter().filter(|event| event.name.ends_with(".start")).count();
    let ends: Vec<String> = events.iter().filter_map(end_of).collect();
    assert_eq!(starts, ends.len(), "each start has one end: {ends:?}");
    ends
}

fn end_of(event: &OwnedEvent) -> Option<String> {
    let key = match event.name.rsplit('.').next()? {
        "stop" => "status",
        "exception" => "kind",
        _ => return None,
    };
    Some(format!("{} {}", event.get("n")?, event.get(key)?.as_str()?))
}

fn caught<R>(run: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(run))
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut TaskContext::from_waker(Waker::noop()))
}

fn frames(event: &OwnedEvent) -> Vec<&str> {
    event.get("stacktrace").unwrap().as_array().unwrap().iter().map(|frame| frame.as_str().unwrap()).collect()
}

fn exceptions(capture: &Capture) -> Vec<OwnedEvent> {
    capture.named("endings.step.exception")
}

#[agent_span(Step { n: 1 })]
fn outer(run: impl FnOnce()) {
    run();
}

#[agent_span(Step { n: 2 })]
fn inner(run: impl FnOnce()) {
    run();
}

#[agent_span(Step { n })]
async fn step<F: Future>(n: u32, work: F) -> F::Output {
    work.await
}

mod panics {
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
    fn in_a_handler_with_such_a_payload_harms_nobody() {
        let capture = testing::capture().with_context(|context| {
            context.with_handler(event_name!("endings.step.start"), |_: &Event<'_>| {
                panic_any(Bomb("a handler's payload"))
            })
        });
        capture.scope(|| outer(|| inner(|| ())));
        assert_eq!(ends(&capture), ["2 ok", "1 ok"]);
        assert_eq!(capture.named("telemetry.handler.failure").len(), 1);
    }

    /// Resolving frames takes milliseconds, so nobody pays who does not look.
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
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "panics::in_a_process_of_its_own", "--nocapture"])
            .env("ENDINGS_CHILD", "1")
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
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
}

mod cancellation {
    use super::*;

    #[tokio::test]
    async fn by_select() {
        let capture = testing::capture();
        let work = step(1, async {
            tokio::select! {
                biased;
                () = step(2, pending()) => {}
                () = step(3, ready(())) => {}
            }
        });
        capture.follow(work).await;
        assert_eq!(ends(&capture), ["3 ok", "2 cancelled", "1 ok"]);
    }

    #[tokio::test(start_paused = true)]
    async fn by_timeout() {
        let capture = testing::capture();
        let work = step(1, async {
            tokio::time::timeout(Duration::from_secs(1), step(2, step(3, pending::<()>()))).await
        });
        assert!(capture.follow(work).await.is_err());
        assert_eq!(ends(&capture), ["3 cancelled", "2 cancelled", "1 ok"]);
        let exception = &exceptions(&capture)[0];
        assert_eq!(exception.get("reason").unwrap(), "cancelled");
        assert_eq!(exception.get("stacktrace").unwrap(), &json!([]));
        assert_eq!(exception.get("status"), None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn by_abort() {
        let capture = testing::capture();
        let (started, begun) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(capture.follow(step(1, async {
            started.send(()).unwrap();
            step(2, pending::<()>()).await;
        })));
        begun.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(ends(&capture), ["2 cancelled", "1 cancelled"]);
    }

    #[test]
    fn by_the_end_of_the_runtime() {
        for threads in [false, true] {
            let capture = testing::capture();
            let runtime = if threads {
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
            } else {
                tokio::runtime::Builder::new_current_thread().build().unwrap()
            };
            runtime.block_on(async {
                let (started, begun) = tokio::sync::oneshot::channel();
                tokio::spawn(capture.follow(step(1, async {
                    started.send(()).unwrap();
                    pending::<()>().await;
                })));
                begun.await.unwrap();
            });
            drop(runtime);
            assert_eq!(ends(&capture), ["1 cancelled"]);
        }
    }

    #[test]
    fn by_an_unrelated_panic() {
        let capture = testing::capture();
        let result = caught(|| {
            let mut work = Box::pin(capture.follow(step(1, step(2, pending::<()>()))));
            assert!(poll_once(work.as_mut()).is_pending());
            panic!("nothing to do with it");
        });
        assert!(result.is_err());
        assert_eq!(ends(&capture), ["2 cancelled", "1 cancelled"]);
        assert_eq!(exceptions(&capture)[0].get("reason").unwrap(), "cancelled");
    }

    #[test]
    fn of_one_that_began_under_another_context_is_told_to_that_one() {
        let (first, second) = (testing::capture(), testing::capture());
        let mut work = Box::pin(first.follow(step(1, pending::<()>())));
        assert!(poll_once(work.as_mut()).is_pending());
        second.scope(|| drop(work));
        assert_eq!(ends(&first), ["1 cancelled"]);
        assert_eq!(second.names(), [""; 0]);
    }

    #[test]
    fn a_future_that_is_never_polled_emits_nothing() {
        let capture = testing::capture();
        capture.scope(|| drop(step(1, ready(()))));
        drop(capture.follow(step(2, ready(()))));
        assert_eq!(capture.names(), [""; 0]);
    }

    #[test]
    fn a_leaked_future_has_a_start_and_no_end() {
        let capture = testing::capture();
        let mut work = Box::pin(capture.follow(step(1, pending::<()>())));
        assert!(poll_once(work.as_mut()).is_pending());
        std::mem::forget(work);
        assert_eq!(capture.names(), ["endings.step.start"]);
    }

    #[test]
    fn a_finished_future_ends_once_however_it_is_used_after() {
        let capture = testing::capture();
        let mut work = Box::pin(capture.follow(step(1, ready(()))));
        assert!(poll_once(work.as_mut()).is_ready());
        assert_eq!(ends(&capture), ["1 ok"]);
        assert!(caught(|| poll_once(work.as_mut())).is_err());
        drop(work);
        assert_eq!(ends(&capture), ["1 ok"]);
    }

    /// As `select` does, which gives back what has not ended.
    #[test]
    fn of_what_a_finished_future_still_holds_comes_before_its_own_end() {
        struct First<F, G>(F, G);
        impl<F: Future + Unpin, G: Future + Unpin> Future for First<F, G> {
            type Output = ();
            fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
                let _ = self.0.poll_unpin(cx);
                self.1.poll_unpin(cx).map(drop)
            }
        }
        #[agent_span(Step { n: 1 })]
        fn first<F: Future + Unpin, G: Future + Unpin>(f: F, g: G) -> impl Future<Output = ()> {
            First(f, g)
        }
        let capture = testing::capture();
        let work = first(Box::pin(step(2, pending::<()>())), Box::pin(step(3, ready(()))));
        let mut work = Box::pin(capture.follow(work));
        assert!(poll_once(work.as_mut()).is_ready());
        assert_eq!(ends(&capture), ["3 ok", "2 cancelled", "1 ok"]);
    }

    #[test]
    fn what_a_finished_future_returned_is_not_its_own_any_more() {
        struct Noisy;
        impl Drop for Noisy {
            fn drop(&mut self) {
                inner(|| ());
            }
        }
        let capture = testing::capture();
        let mut work = Box::pin(capture.follow(step(1, ready(Noisy))));
        let Poll::Ready(noisy) = poll_once(work.as_mut()) else { panic!("it is ready") };
        capture.scope(|| drop(noisy));
        assert_eq!(ends(&capture), ["1 ok", "2 ok"]);
    }
}

mod threads {
    use super::*;

    #[test]
    fn a_future_polled_by_many_threads_is_one_span_in_its_own_context() {
        let capture = testing::capture().with_context(|context| context.with_session_id("s-1"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let mut left = 5;
        let mut work: Pin<Box<dyn Future<Output = ()> + Send>> =
            Box::pin(capture.follow(step(1, async move {
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
}

mod observation {
    use super::*;

    #[derive(EventMetadata)]
    #[span("endings.late")]
    struct Late<'a> {
        key: &'a str,
    }

    #[agent_span(Late { key: "k" })]
    fn late(run: impl FnOnce()) {
        run();
    }

    #[agent_span(agent, agent = "endings-late-agent")]
    fn late_agent(run: impl FnOnce()) {
        run();
    }

    /// Attaches a handler that keeps the events which it sees.
    fn watch(id: &str, events: impl telemetry_runtime::IntoPatterns) -> Arc<Mutex<Vec<OwnedEvent>>> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        attach(id, events, move |event: &Event<'_>| sink.lock().unwrap().push(OwnedEvent::from(event)))
            .unwrap();
        seen
    }

    #[test]
    fn is_decided_at_the_start() {
        let mut seen = None;
        late(|| {
            seen = Some(watch("endings-late", event_names!["endings.late.*"]));
            late(|| ());
        });
        detach("endings-late").unwrap();
        let seen: Vec<String> =
            seen.unwrap().lock().unwrap().iter().map(|event| event.name.to_string()).collect();
        assert_eq!(seen, ["endings.late.start", "endings.late.stop"]);
    }

    #[derive(EventMetadata)]
    #[span("endings.made")]
    struct Made {
        n: u32,
    }

    #[agent_span(Made { n })]
    fn made(n: u32) -> impl Future<Output = u32> {
        ready(n)
    }

    /// Its arguments are gone when it is polled, so somebody must have been there when it was called.
    #[test]
    fn of_a_future_made_by_a_function_that_is_not_async_is_decided_when_it_is_called_too() {
        #[derive(EventMetadata)]
        #[span("endings.unseen")]
        struct Unseen {
            n: u32,
        }
        #[agent_span(Unseen { n })]
        fn unseen(n: u32) -> impl Future<Output = u32> {
            ready(n)
        }
        // In a process where nobody is there at all; here other tests may capture.
        let mut early = Box::pin(made(1));
        let seen = watch("endings-made", event_names!["endings.made.*"]);
        let mut late = Box::pin(made(2));
        assert!(poll_once(early.as_mut()).is_ready() && poll_once(late.as_mut()).is_ready());
        detach("endings-made").unwrap();
        let seen: Vec<String> = seen.lock().unwrap().iter().filter_map(end_of).collect();
        assert_eq!(seen.last().unwrap(), "2 ok");

        // One that is seen when it is called and by nobody when it is polled emits nothing.
        let seen = watch("endings-unseen", event_names!["endings.unseen.*"]);
        let mut early = Box::pin(unseen(1));
        detach("endings-unseen").unwrap();
        assert!(poll_once(early.as_mut()).is_ready());
        assert!(seen.lock().unwrap().is_empty());
    }

    /// A span may be followed for the context it opens, and is not observed for that.
    #[test]
    fn is_not_a_matter_of_the_context_that_a_span_opens() {
        watch("endings-elsewhere", event_name!("endings.elsewhere.done"));
        let mut seen = None;
        late_agent(|| {
            assert_eq!(Context::current().agent(), Some("endings-late-agent"));
            seen = Some(watch("endings-late-agent", event_names!["condukt.agent.*"]));
        });
        detach("endings-late-agent").unwrap();
        detach("endings-elsewhere").unwrap();
        let seen = seen.unwrap();
        let seen = seen.lock().unwrap();
        let seen = seen.iter().filter(|event| event.get("agent").unwrap() == "endings-late-agent");
        assert_eq!(seen.count(), 0);
    }

    #[test]
    fn a_handler_detached_in_between_sees_the_start_only() {
        let seen = watch("endings-early", event_names!["endings.early.**"]);
        #[derive(EventMetadata)]
        #[span("endings.early")]
        struct Early {
            n: u32,
        }
        in_span!(Early { n: 1 }; || detach("endings-early").unwrap());
        let seen: Vec<String> = seen.lock().unwrap().iter().map(|event| event.name.to_string()).collect();
        assert_eq!(seen, ["endings.early.start"]);
    }
}

mod capturing {
    use super::*;

    #[agent_span(Step { n: 1 }, fields("after" = 1, "bad" = explode(), "lost" = 2))]
    fn bad_start() -> u8 {
        7
    }

    fn explode() -> u8 {
        panic!("in an attribute's expression");
    }

    #[test]
    fn a_panic_at_the_start_loses_keys_and_nothing_else() {
        let capture = testing::capture();
        assert_eq!(capture.scope(bad_start), 7);
        assert_eq!(ends(&capture), ["1 ok"]);
        assert_eq!(capture.events()[1].get("after").unwrap(), 1);
        assert_eq!(capture.events()[1].get("bad"), None);
    }

    #[derive(EventMetadata)]
    #[span("endings.counted", stop(length))]
    struct Counted {
        n: u32,
    }

    #[agent_span(Counted { n: 1 }, stop(|value| length = value.len() / (value.len() - 1)))]
    fn bad_stop() -> Vec<u8> {
        vec![1]
    }

    #[test]
    fn a_panic_at_the_stop_leaves_the_function_alone() {
        let capture = testing::capture();
        assert_eq!(capture.scope(bad_stop), [1]);
        assert_eq!(ends(&capture), ["1 ok"]);
    }

    #[derive(Debug)]
    struct Rude;

    impl std::fmt::Display for Rude {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("no text");
        }
    }

    impl ErrorType for Rude {
        fn error_type(&self) -> String {
            panic!("no type");
        }
    }

    #[agent_span(Step { n: 1 })]
    fn fails_rudely() -> Result<(), Rude> {
        Err(Rude)
    }

    #[test]
    fn an_error_that_cannot_say_what_it_is_is_an_error_still() {
        let capture = testing::capture();
        assert!(capture.scope(fails_rudely).is_err());
        assert_eq!(ends(&capture), ["1 error"]);
        let stop = &capture.events()[1];
        assert_eq!(stop.get("error").unwrap(), "<unserialisable: Rude>");
        assert_eq!(stop.get("error_type").unwrap(), "Rude");
    }

    #[test]
    fn a_record_after_the_end_changes_nothing() {
        let capture = testing::capture();
        let mut kept = None;
        capture.scope(|| in_span!(Counted { n: 1 }, stop(|_done|); || kept = Some(Context::current())));
        kept.unwrap().scope(|| record!(Counted, length = 1));
        assert_eq!(ends(&capture), ["1 ok"]);
        assert_eq!(capture.events()[1].get("length"), None);
    }
}

mod handlers {
    use super::*;

    /// A handler's destructor is the user's code as well.
    #[test]
    fn one_that_panics_when_it_is_dropped_harms_nobody() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("a handler's destructor");
            }
        }
        let bomb = Bomb;
        attach("endings-bomb", event_name!("endings.bomb.done"), move |_: &Event<'_>| {
            let _ = &bomb;
            detach("endings-bomb").unwrap();
        })
        .unwrap();
        let name = event_name!("endings.bomb.done");
        execute(&name, &(), &()).unwrap();

        let bomb = Bomb;
        let context = Context::new().with_handler(name, move |_: &Event<'_>| {
            let _ = &bomb;
        });
        drop(context);
    }

    #[test]
    fn what_one_emits_belongs_to_the_span_and_ends_too() {
        let capture = testing::capture().with_context(|context| {
            context.with_handler(event_names!["endings.step.*"], |event: &Event<'_>| {
                if event.metadata().get("n").unwrap() == 1 {
                    let run = || -> Json {
                        emit!(compact, duration = Duration::ZERO, before = 1, after = 1);
                        inner(|| ());
                        json!(null)
                    };
                    run();
                }
            })
        });
        capture.scope(|| outer(|| ()));
        // The capture is the first to see each event.
        assert_eq!(ends(&capture), ["2 ok", "1 ok", "2 ok"]);
        assert_eq!(capture.named("condukt.compact.stop").len(), 2);
    }
}
