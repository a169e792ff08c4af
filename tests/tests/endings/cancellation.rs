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
fn of_a_future_started_in_another_context_goes_to_its_handlers() {
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
