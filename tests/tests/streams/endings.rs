use super::*;

#[tokio::test]
async fn at_its_end_a_stream_has_stopped() {
    let capture = testing::capture();
    let items: Vec<u32> = capture.follow(async { plain(1, vec![7, 8, 9]).collect().await }).await;
    assert_eq!(items, [7, 8, 9]);
    assert_eq!(ends(&capture), ["1 ok items=3"]);
    let stop = stop(&capture);
    assert_eq!(stop.get("last").unwrap(), 9);
    assert_eq!(stop.get("given").unwrap(), 3);
    assert!(stop.measurements["time_to_first_item"].as_u64() <= stop.measurements["duration"].as_u64());
}

#[test]
fn it_starts_at_its_first_poll_and_emits_nothing_after_its_end() {
    let capture = testing::capture();
    capture.scope(|| {
        drop(plain(1, vec![1]));
        assert_eq!(capture.names(), [""; 0]);
        let mut stream = Box::pin(plain(2, vec![]));
        assert_eq!(poll_next(stream.as_mut()), Poll::Ready(None));
        assert_eq!(poll_next(stream.as_mut()), Poll::Ready(None));
    });
    assert_eq!(ends(&capture), ["2 ok items=0"]);
    assert_eq!(stop(&capture).measurements.get("time_to_first_item"), None);
}

#[test]
fn its_times_are_from_its_start_to_its_first_item_and_its_end() {
    let clock = FakeClock::new();
    let capture = testing::capture().deterministic(&clock, 1);
    #[agent_span(Read { n: 1 }, stream, item(|_item|))]
    fn slow(clock: FakeClock) -> impl Stream<Item = u32> {
        stream! {
            for item in 0..3 {
                clock.advance(Duration::from_millis(10));
                yield item;
            }
            clock.advance(Duration::from_millis(5));
        }
    }
    let items = capture.scope(|| futures::executor::block_on(slow(clock.clone()).collect::<Vec<_>>()));
    assert_eq!(items.len(), 3);
    let stop = stop(&capture);
    assert_eq!(stop.measurements["time_to_first_item"], 10_000_000);
    assert_eq!(stop.measurements["duration"], 35_000_000);
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
fn fallible(n: u32, items: Vec<Result<u32, Broken>>) -> impl Stream<Item = Result<u32, Broken>> + Send {
    stream::iter(items)
}

#[test]
fn an_err_as_the_last_item_is_an_error() {
    let capture = testing::capture();
    capture.scope(|| {
        let all = futures::executor::block_on(fallible(1, vec![Ok(5), Err(Broken(5))]).collect::<Vec<_>>());
        assert_eq!(all, [Ok(5), Err(Broken(5))]);
    });
    assert_eq!(ends(&capture), ["1 error items=2"]);
    let stop = stop(&capture);
    assert_eq!(stop.get("error").unwrap(), "broken after 5");
    assert_eq!(stop.get("error_type").unwrap(), "Broken");
    assert_eq!(stop.get("last").unwrap(), 5);
}

#[test]
fn an_err_followed_by_items_is_not_a_failure() {
    let capture = testing::capture();
    capture.scope(|| {
        futures::executor::block_on(fallible(1, vec![Err(Broken(0)), Ok(5)]).collect::<Vec<_>>());
    });
    assert_eq!(ends(&capture), ["1 ok items=2"]);
    assert_eq!(stop(&capture).get("error"), None);
}

/// As `?` and `try_next` do.
#[test]
fn given_up_at_an_err_it_has_ended_so() {
    let capture = testing::capture();
    capture.scope(|| {
        let mut stream = fallible(1, vec![Ok(1), Err(Broken(1)), Ok(2)]);
        let all = futures::executor::block_on(async {
            while let Some(item) = stream.next().await {
                item?;
            }
            Ok::<_, Broken>(())
        });
        assert_eq!(all, Err(Broken(1)));
        drop(stream);
    });
    assert_eq!(ends(&capture), ["1 error items=2"]);
}

#[test]
fn dropped_before_its_end_it_is_cancelled() {
    let capture = testing::capture();
    capture.scope(|| {
        let mut stream = Box::pin(plain(1, vec![1, 2, 3]));
        assert_eq!(poll_next(stream.as_mut()), Poll::Ready(Some(1)));
        assert_eq!(poll_next(stream.as_mut()), Poll::Ready(Some(2)));
    });
    assert_eq!(ends(&capture), ["1 cancelled items=2"]);
    let exception = &capture.named("streams.read.exception")[0];
    assert!(exception.measurements["time_to_first_item"].is_u64());
}

#[agent_span(Read { n }, stream, item(|_item|))]
fn made_of<S: Stream + Unpin>(n: u32, items: S) -> impl Stream<Item = S::Item> {
    items
}

#[test]
fn a_panic_in_it_is_an_exception_and_goes_on() {
    let capture = testing::capture();
    let payload = Arc::new(1);
    let thrown = payload.clone();
    capture.scope(|| {
        let mut stream = Box::pin(made_of(
            1,
            Box::pin(stream! {
                yield 1;
                panic_any(thrown);
            }),
        ));
        assert_eq!(poll_next(stream.as_mut()), Poll::Ready(Some(1)));
        let got = caught(|| poll_next(stream.as_mut())).unwrap_err().downcast::<Arc<i32>>().unwrap();
        assert!(Arc::ptr_eq(&got, &payload));
        drop(stream);
    });
    assert_eq!(ends(&capture), ["1 panic items=1"]);
}

/// Streams that are put together go on holding the others when one panics or all have ended.
#[test]
fn spans_held_by_a_stream_end_before_it() {
    let capture = testing::capture();
    capture.scope(|| {
        let panics = stream::poll_fn(|_| -> Poll<Option<u32>> { panic!("second") }).boxed();
        let held = made_of(2, stream::pending::<u32>()).boxed();
        let mut stream = Box::pin(made_of(1, stream::select(held, panics)));
        assert!(caught(|| poll_next(stream.as_mut())).is_err());
    });
    assert_eq!(ends(&capture), ["2 cancelled items=0", "1 panic items=0"]);

    let capture = testing::capture();
    capture.scope(|| {
        let held = made_of(2, stream::pending::<u32>());
        let both = stream::once(async { 1 }).chain(stream::iter([2])).zip(held.boxed()).take(0);
        let mut stream = Box::pin(made_of(1, both.boxed()));
        assert_eq!(poll_next(stream.as_mut()), Poll::Ready(None));
    });
    assert_eq!(ends(&capture), ["1 ok items=0"]);

    let capture = testing::capture();
    capture.scope(|| {
        let mut held = made_of(2, stream::pending::<u32>()).boxed();
        assert!(poll_next(held.as_mut()).is_pending());
        let ends_at_once = stream::poll_fn(move |_| {
            let _ = &held;
            Poll::Ready(None::<u32>)
        });
        let mut stream = Box::pin(made_of(1, ends_at_once));
        assert_eq!(poll_next(stream.as_mut()), Poll::Ready(None));
    });
    assert_eq!(ends(&capture), ["2 cancelled items=0", "1 ok items=0"]);
}

#[test]
fn a_panic_in_a_rule_on_items_leaves_the_stream_intact() {
    #[agent_span(Read { n: 1 }, stream, item(|item| sum = 10 / *item, last = *item))]
    fn divides() -> impl Stream<Item = u32> {
        stream::iter([5, 0, 2])
    }
    let capture = testing::capture();
    let items = capture.scope(|| futures::executor::block_on(divides().collect::<Vec<_>>()));
    assert_eq!(items, [5, 0, 2]);
    assert_eq!(ends(&capture), ["1 ok items=3"]);
    assert_eq!(stop(&capture).get("sum").unwrap(), 5);
}
