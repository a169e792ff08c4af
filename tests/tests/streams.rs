//! Spans of streams last to the stream's end, and say what its items said.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::net::Ipv4Addr;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::chat::{
    ChatCompletionRequestUserMessage, ChatCompletionResponseStream, ChatCompletionStreamOptions,
    CreateChatCompletionRequest, CreateChatCompletionStreamResponse,
};
use async_stream::{stream, try_stream};
use axum::Router;
use axum::response::sse::{Event as Sse, Sse as SseResponse};
use axum::routing::post;
use futures::stream::{self, BoxStream, LocalBoxStream, Stream, StreamExt};
use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture, FakeClock, only};
use telemetry_runtime::{
    Context, EventMetadata, InContext, OwnedEvent, agent_span, event_names, in_span, record, tool_call,
};

#[derive(EventMetadata)]
#[span("streams.read", stop(last, sum))]
struct Read {
    n: u32,
}

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("broken after {0}")]
struct Broken(u32);

/// How the spans ended: `1 ok items=3`.
fn ends(capture: &Capture) -> Vec<String> {
    let events = capture.events();
    let starts = events.iter().filter(|event| event.name.ends_with(".start")).count();
    let ends: Vec<String> = events
        .iter()
        .filter_map(|event| {
            let key = match event.name.rsplit('.').next()? {
                "stop" => "status",
                "exception" => "kind",
                _ => return None,
            };
            let items = event.measurements.get("items").map_or_else(|| "none".to_owned(), Json::to_string);
            Some(format!("{} {} items={items}", event.get("n")?, event.get(key)?.as_str()?))
        })
        .collect();
    assert_eq!(starts, ends.len(), "each start has one end: {ends:?}");
    ends
}

fn stop(capture: &Capture) -> OwnedEvent {
    only(&capture.events(), "streams.read.stop").clone()
}

fn caught<R>(run: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(run))
}

fn poll_next<S: Stream + ?Sized>(stream: Pin<&mut S>) -> Poll<Option<S::Item>> {
    stream.poll_next(&mut TaskContext::from_waker(Waker::noop()))
}

#[agent_span(Read { n }, fields("given" = items.len()), stream, item(|item| last = *item))]
fn plain(n: u32, items: Vec<u32>) -> impl Stream<Item = u32> {
    stream::iter(items)
}

mod endings {
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
            let all =
                futures::executor::block_on(fallible(1, vec![Ok(5), Err(Broken(5))]).collect::<Vec<_>>());
            assert_eq!(all, [Ok(5), Err(Broken(5))]);
        });
        assert_eq!(ends(&capture), ["1 error items=2"]);
        let stop = stop(&capture);
        assert_eq!(stop.get("error").unwrap(), "broken after 5");
        assert_eq!(stop.get("error_type").unwrap(), "Broken");
        assert_eq!(stop.get("last").unwrap(), 5);
    }

    #[test]
    fn an_err_before_others_is_none() {
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
    fn what_it_holds_ends_before_it() {
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
    fn a_panic_in_what_is_asked_of_an_item_harms_nobody() {
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
}

mod keys {
    use super::*;

    #[test]
    fn the_last_that_is_there_stands_and_later_rules_win() {
        #[agent_span(Read { n: 1 }, stream, item(|item| last = item.0, sum = item.1), stop(|_end| sum = 100))]
        fn pairs() -> impl Stream<Item = (Option<u32>, u32)> {
            stream! {
                yield (Some(1), 1);
                yield (Some(2), 3);
                yield (None, 6);
            }
        }
        let capture = testing::capture();
        capture.scope(|| futures::executor::block_on(pairs().for_each(|_| async {})));
        assert_eq!(stop(&capture).get("last").unwrap(), 2);
        assert_eq!(stop(&capture).get("sum").unwrap(), 100);
    }

    #[test]
    fn what_is_recorded_inside_wins_over_all() {
        #[agent_span(Read { n: 1 }, stream, item(|_item| last = 1))]
        fn records() -> impl Stream<Item = u32> {
            stream! {
                record!(Read, last = "recorded");
                yield 1;
            }
        }
        let capture = testing::capture();
        capture.scope(|| futures::executor::block_on(records().for_each(|_| async {})));
        assert_eq!(stop(&capture).get("last").unwrap(), "recorded");
    }

    #[test]
    fn a_rule_at_its_end_may_say_how_it_ended() {
        #[agent_span(Read { n: 1 }, stream, item(|_item|), stop(|_end| status = "partial"))]
        fn partial() -> impl Stream<Item = u32> {
            stream::iter([1])
        }
        let capture = testing::capture();
        capture.scope(|| futures::executor::block_on(partial().for_each(|_| async {})));
        assert_eq!(ends(&capture), ["1 partial items=1"]);
    }
}

/// What a function may return that gives a stream.
mod shapes {
    use super::*;

    #[agent_span(Read { n }, stream, item(|item| last = *item))]
    fn boxed(n: u32) -> BoxStream<'static, u32> {
        stream::iter([n]).boxed()
    }

    #[agent_span(Read { n }, stream, item(|item| last = *item))]
    fn boxed_here(n: u32) -> LocalBoxStream<'static, u32> {
        let here = std::rc::Rc::new(n);
        stream::iter([n]).map(move |item| item + *here - *here).boxed_local()
    }

    #[agent_span(Read { n }, stream, item(|item| last = *item))]
    fn boxed_by_hand<'a>(
        n: u32,
        items: &'a [u32],
    ) -> Pin<Box<dyn Stream<Item = &'a u32> + Send + Sync + 'a>> {
        Box::pin(stream::iter(items))
    }

    #[agent_span(Read { n }, stream, item(|item| last = *item))]
    fn boxed_in_result(n: u32) -> Result<BoxStream<'static, u32>, Broken> {
        if n == 0 { Err(Broken(0)) } else { Ok(stream::iter([n]).boxed()) }
    }

    #[agent_span(Read { n }, stream, item(|item| last = *item))]
    fn in_result(n: u32) -> Result<impl Stream<Item = u32> + Send, Broken> {
        if n == 0 { Err(Broken(0)) } else { Ok(stream::iter([n])) }
    }

    #[agent_span(Read { n }, stream, item(|item| last = *item))]
    async fn later(n: u32) -> impl Stream<Item = u32> {
        tokio::task::yield_now().await;
        stream::iter([n])
    }

    #[agent_span(Read { n }, stream, item(|item| last = *item))]
    async fn later_in_result(n: u32) -> Result<impl Stream<Item = u32>, Broken> {
        tokio::task::yield_now().await;
        if n == 0 {
            return Err(Broken(0));
        }
        Ok(stream::iter([n]))
    }

    #[agent_span(Read { n }, stream, item(|item| last = *item))]
    async fn boxed_later(n: u32) -> anyhow::Result<BoxStream<'static, u32>> {
        tokio::task::yield_now().await;
        if n == 0 {
            anyhow::bail!(Broken(0));
        }
        Ok(stream::iter([n]).boxed())
    }

    #[agent_span(Read { n }, stream, item(|item| last = *item))]
    async fn of_results_later(n: u32) -> std::io::Result<impl Stream<Item = Result<u32, Broken>>> {
        Ok(try_stream! { yield n; })
    }

    struct Source(u32);

    trait Reads {
        #[allow(clippy::elidable_lifetime_names, reason = "it is what is tested")]
        fn read<'a>(&'a self) -> BoxStream<'a, u32>;
    }

    impl Reads for Source {
        #[agent_span(Read { n: self.0 }, stream, item(|item| last = *item))]
        fn read<'a>(&'a self) -> BoxStream<'a, u32> {
            stream::iter([self.0]).boxed()
        }
    }

    #[async_trait::async_trait]
    trait ReadsLater {
        async fn read(&self) -> Result<BoxStream<'static, u32>, Broken>;
    }

    #[async_trait::async_trait]
    impl ReadsLater for Source {
        #[agent_span(Read { n: self.0 }, stream, item(|item| last = *item))]
        async fn read(&self) -> Result<BoxStream<'static, u32>, Broken> {
            Ok(stream::iter([self.0]).boxed())
        }
    }

    #[tokio::test]
    async fn all_are_followed_to_their_end() {
        let capture = testing::capture();
        let run = async {
            assert_eq!(boxed(1).collect::<Vec<_>>().await, [1]);
            assert_eq!(boxed_here(2).collect::<Vec<_>>().await, [2]);
            assert_eq!(boxed_by_hand(3, &[3]).collect::<Vec<&u32>>().await, [&3]);
            assert_eq!(boxed_in_result(4).unwrap().collect::<Vec<_>>().await, [4]);
            assert_eq!(in_result(5).unwrap().collect::<Vec<_>>().await, [5]);
            assert_eq!(later(6).await.collect::<Vec<_>>().await, [6]);
            assert_eq!(later_in_result(7).await.unwrap().collect::<Vec<_>>().await, [7]);
            assert_eq!(boxed_later(8).await.unwrap().collect::<Vec<_>>().await, [8]);
            assert_eq!(of_results_later(9).await.unwrap().collect::<Vec<_>>().await, [Ok(9)]);
            assert_eq!(Reads::read(&Source(10)).collect::<Vec<_>>().await, [10]);
            assert_eq!(ReadsLater::read(&Source(11)).await.unwrap().collect::<Vec<_>>().await, [11]);
            let inline = in_span!(Read { n: 12 }, item(|item| last = *item); stream stream::iter([12]));
            assert_eq!(inline.collect::<Vec<_>>().await, [12]);
        };
        capture.follow(run).await;
        let expected: Vec<String> = (1..=12).map(|n| format!("{n} ok items=1")).collect();
        assert_eq!(ends(&capture), expected);
        for stop in capture.named("streams.read.stop") {
            assert_eq!(stop.get("last").unwrap(), stop.get("n").unwrap());
        }
    }

    /// The same functions where nobody observes.
    #[tokio::test]
    async fn nothing_changes_where_nobody_observes() {
        assert_eq!(boxed(1).collect::<Vec<_>>().await, [1]);
        assert_eq!(boxed_in_result(4).unwrap().collect::<Vec<_>>().await, [4]);
        assert_eq!(later_in_result(7).await.unwrap().collect::<Vec<_>>().await, [7]);
        assert_eq!(later_in_result(0).await.err(), Some(Broken(0)));
        assert_eq!(in_result(5).unwrap().size_hint(), (1, Some(1)));
    }

    #[tokio::test]
    async fn without_a_stream_the_err_is_the_end() {
        let capture = testing::capture();
        let run = async {
            assert_eq!(later_in_result(0).await.err(), Some(Broken(0)));
            assert!(boxed_later(0).await.is_err());
        };
        capture.follow(run).await;
        assert_eq!(ends(&capture), ["0 error items=none", "0 error items=none"]);
        assert_eq!(capture.named("streams.read.stop")[0].get("error").unwrap(), "broken after 0");
    }

    #[tokio::test]
    async fn the_span_of_a_future_goes_on_with_its_stream() {
        let clock = FakeClock::new();
        let capture = testing::capture().deterministic(&clock, 1);
        #[agent_span(Read { n: 1 }, stream, item(|_item|))]
        async fn connects(clock: &FakeClock) -> Result<impl Stream<Item = u32> + use<>, Broken> {
            clock.advance(Duration::from_millis(20));
            Ok(stream::iter([1]))
        }
        let stream = capture.follow(connects(&clock)).await.unwrap();
        assert_eq!(capture.names(), ["streams.read.start"]);
        clock.advance(Duration::from_millis(1));
        // Wherever it is read: its context goes with it.
        assert_eq!(tokio::spawn(stream.collect::<Vec<_>>()).await.unwrap(), [1]);
        assert_eq!(ends(&capture), ["1 ok items=1"]);
        assert_eq!(stop(&capture).measurements["time_to_first_item"], 21_000_000);
    }

    #[tokio::test]
    async fn dropped_between_the_two_it_is_cancelled() {
        let capture = testing::capture();
        drop(capture.follow(later_in_result(1)).await.unwrap());
        assert_eq!(ends(&capture), ["1 cancelled items=0"]);

        let capture = testing::capture();
        let mut work = Box::pin(capture.follow(later_in_result(1)));
        assert!(futures::poll!(&mut work).is_pending());
        drop(work);
        assert_eq!(ends(&capture), ["1 cancelled items=none"]);
    }

    #[test]
    fn a_hint_of_its_size_is_passed_on() {
        let capture = testing::capture();
        capture.scope(|| {
            let mut stream = plain(1, vec![1, 2]);
            assert_eq!(stream.size_hint(), (2, Some(2)));
            futures::executor::block_on(stream.next());
            assert_eq!(stream.size_hint(), (1, Some(1)));
        });
    }
}

mod context {
    use super::*;

    #[tool_call]
    async fn inside(n: u32) -> u32 {
        n
    }

    #[agent_span(agent, agent = "streamer", stream, item(|_item|))]
    fn streamer() -> impl Stream<Item = Option<String>> {
        stream! {
            for n in 0..2 {
                inside(n).await;
                yield Context::current().session_id().map(str::to_owned);
            }
        }
    }

    #[tokio::test]
    async fn what_makes_the_items_runs_inside_and_what_takes_them_outside() {
        let capture = testing::capture();
        let run = async {
            let mut stream = Box::pin(streamer());
            let mut sessions = Vec::new();
            while let Some(session) = stream.next().await {
                assert_eq!(Context::current().span(), None);
                inside(10).await;
                sessions.push(session.unwrap());
            }
            sessions
        };
        let sessions = capture.follow(run).await;
        let events = capture.events();
        let start = only(&events, "condukt.agent.start");
        assert!(sessions.iter().all(|session| start.get("session_id").unwrap() == session));
        for tool in capture.named("condukt.tool_call.start") {
            let is_inside = tool.get("args").unwrap()["n"] != 10;
            let parent = tool.span.unwrap().parent_id;
            assert_eq!(parent, is_inside.then_some(start.span.unwrap().id));
        }
    }

    fn session() -> Option<String> {
        Context::current().session_id().map(str::to_owned)
    }

    #[agent_span(Read { n: 1 }, stream, context = Context::current().with_session_id("s-1"))]
    async fn bare() -> impl Stream<Item = Option<String>> {
        stream::once(async { session() })
    }

    #[agent_span(Read { n: 1 }, stream, context = Context::current().with_session_id("s-1"))]
    async fn boxed(opens: bool) -> Result<BoxStream<'static, Option<String>>, Broken> {
        if opens { Ok(stream::once(async { session() }).boxed()) } else { Err(Broken(0)) }
    }

    #[agent_span(Read { n: 1 }, stream, context = Context::current().with_session_id("s-1"))]
    fn tail() -> Pin<Box<dyn Future<Output = BoxStream<'static, Option<String>>> + Send>> {
        Box::pin(async { stream::once(async { session() }).boxed() })
    }

    /// What the streams see, and that they leave it.
    async fn seen() -> Vec<Option<String>> {
        let around = session();
        assert_eq!(boxed(false).await.err(), Some(Broken(0)));
        let streams = [bare().await.boxed(), boxed(true).await.unwrap(), tail().await];
        let mut seen = Vec::new();
        for mut stream in streams {
            seen.extend(stream.next().await);
            assert_eq!(session(), around);
            assert_eq!(stream.next().await, None);
        }
        // One that is dropped unfinished.
        drop(bare().await);
        seen
    }

    #[tokio::test]
    async fn a_stream_runs_in_the_context_that_is_said_whoever_observes() {
        let expected = vec![Some("s-1".to_owned()); 3];
        assert_eq!(seen().await, expected);
        let capture = testing::capture();
        assert_eq!(capture.follow(seen()).await, expected);
        let ends: Vec<String> = ends(&capture);
        assert_eq!(
            ends,
            ["1 error items=none", "1 ok items=1", "1 ok items=1", "1 ok items=1", "1 cancelled items=0"]
        );
        // Nobody observes it within a span of somebody else's, which goes on.
        let capture = testing::capture_only(event_names!["condukt.agent.*"]);
        let within = in_span!(agent; async {
            let around = Context::current().span();
            assert_eq!(seen().await, expected);
            assert_eq!(Context::current().span(), around);
            record!(agent, error = "still here");
        });
        capture.follow(within).await;
        assert_eq!(capture.named("condukt.agent.stop")[0].get("error").unwrap(), "still here");
    }

    #[test]
    fn a_stream_read_by_many_threads_is_one_span() {
        let capture = testing::capture();
        let mut stream = capture.scope(|| plain(1, vec![1, 2, 3]).in_current_context().boxed());
        for _ in 0..4 {
            stream = std::thread::spawn(move || {
                let _ = poll_next(stream.as_mut());
                stream
            })
            .join()
            .unwrap();
        }
        assert_eq!(ends(&capture), ["1 ok items=3"]);
    }
}

/// A model's answer that breaks off is no success.
mod cut_short {
    use super::*;

    #[agent_span(llm_turn, model = "m", turn = 0, messages = "hi", fields(n = 1), stream,
        item(|chunk| finish_reason = *chunk))]
    fn turn(chunks: Vec<Option<&'static str>>) -> impl Stream<Item = Option<&'static str>> {
        stream::iter(chunks)
    }

    fn end_of(chunks: Vec<Option<&'static str>>) -> OwnedEvent {
        let capture = testing::capture();
        capture.scope(|| futures::executor::block_on(turn(chunks).for_each(|_| async {})));
        capture.named("condukt.llm_turn.stop").remove(0)
    }

    #[test]
    fn a_stream_that_ends_with_a_reason_is_a_success() {
        assert_eq!(end_of(vec![None, Some("stop"), None]).get("status").unwrap(), "ok");
    }

    #[test]
    fn one_that_ends_without_is_none() {
        for chunks in [vec![None, None], vec![]] {
            let stop = end_of(chunks);
            assert_eq!(stop.get("status").unwrap(), "error");
            assert_eq!(stop.get("error").unwrap(), "the stream ended without a finish reason");
            assert_eq!(stop.get("error_type").unwrap(), "cut_short");
        }
    }

    #[test]
    fn the_reason_may_come_otherwise_or_not_be_asked_for() {
        #[agent_span(llm_turn, model = "m", turn = 0, messages = "hi", stream,
            item(|_chunk| finish_reason = None::<&str>), stop(|_end| finish_reason = "said at the end"))]
        fn said() -> impl Stream<Item = u8> {
            stream::iter([1])
        }
        #[agent_span(llm_turn, model = "m", turn = 0, messages = "hi", stream,
            item(|_chunk| finish_reason = None::<&str>))]
        fn recorded() -> impl Stream<Item = u8> {
            stream! {
                record!(llm_turn, finish_reason = "recorded");
                yield 1;
            }
        }
        #[agent_span(llm_turn, model = "m", turn = 0, messages = "hi", stream, item(|_chunk|))]
        fn not_asked() -> impl Stream<Item = u8> {
            stream::iter([1])
        }
        #[agent_span(llm_turn, model = "m", turn = 0, messages = "hi", stream,
            item(|_chunk| finish_reason = None::<&str>), stop(|_end| status = "partial"))]
        fn known() -> impl Stream<Item = u8> {
            stream::iter([1])
        }
        let capture = testing::capture();
        capture.scope(|| {
            futures::executor::block_on(async {
                said().for_each(|_| async {}).await;
                recorded().for_each(|_| async {}).await;
                not_asked().for_each(|_| async {}).await;
                known().for_each(|_| async {}).await;
            });
        });
        let statuses: Vec<Json> = capture
            .named("condukt.llm_turn.stop")
            .iter()
            .map(|stop| stop.get("status").unwrap().clone())
            .collect();
        assert_eq!(statuses, ["ok", "ok", "ok", "partial"]);
    }
}

/// Streams of real clients, read from a real server.
mod clients {
    use super::*;

    /// A server that answers each request with those chunks, and then closes the connection.
    async fn serve(chunks: Vec<Json>) -> String {
        let chunks = Arc::new(chunks);
        let answer = move || {
            let chunks = chunks.clone();
            let events = (0..chunks.len()).map(move |at| {
                let data = chunks[at].as_str().map_or_else(|| chunks[at].to_string(), str::to_owned);
                Ok::<_, Infallible>(Sse::default().data(data))
            });
            async move { SseResponse::new(stream::iter(events)) }
        };
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/v1/chat/completions", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/v1")
    }

    fn chunk(choices: &Json, usage: &Json) -> Json {
        json!({
            "id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
            "choices": choices, "usage": usage,
        })
    }

    fn answer() -> Vec<Json> {
        let delta =
            |delta: Json, reason: Json| json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
        vec![
            chunk(&delta(json!({"role": "assistant", "content": "Hel"}), Json::Null), &Json::Null),
            chunk(&delta(json!({"content": "lo"}), Json::Null), &Json::Null),
            chunk(&delta(json!({}), json!("stop")), &Json::Null),
            chunk(&json!([]), &json!({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7})),
            json!("[DONE]"),
        ]
    }

    fn reason(chunk: &CreateChatCompletionStreamResponse) -> Option<Json> {
        let reason = chunk.choices.first()?.finish_reason?;
        Some(serde_json::to_value(reason).unwrap())
    }

    /// The client's own stream, in the type that it has.
    #[agent_span(llm_turn, model = "m", turn = 0, messages = "hi", streaming = true, stream,
        item(|chunk|
            usage = chunk.usage.as_ref(),
            finish_reason = reason(chunk),
        ))]
    async fn ask(base: &str) -> Result<ChatCompletionResponseStream, OpenAIError> {
        let client = Client::with_config(OpenAIConfig::new().with_api_base(base).with_api_key("none"));
        let request = CreateChatCompletionRequest {
            model: "m".to_owned(),
            messages: vec![ChatCompletionRequestUserMessage::from("hi").into()],
            stream_options: Some(ChatCompletionStreamOptions {
                include_usage: Some(true),
                include_obfuscation: None,
            }),
            ..CreateChatCompletionRequest::default()
        };
        client.chat().create_stream(request).await
    }

    async fn end_of(chunks: Vec<Json>) -> (OwnedEvent, usize) {
        let base = serve(chunks).await;
        let capture = testing::capture();
        let answer = capture.follow(ask(&base)).await.unwrap();
        let items = answer.count().await;
        (capture.named("condukt.llm_turn.stop").remove(0), items)
    }

    #[tokio::test]
    async fn async_openai_reports_usage_and_reason() {
        let (stop, items) = end_of(answer()).await;
        assert_eq!(items, 4);
        assert_eq!(stop.get("status").unwrap(), "ok");
        assert_eq!(stop.get("finish_reason").unwrap(), "stop");
        assert_eq!(stop.get("usage").unwrap()["completion_tokens"], 2);
        assert_eq!(stop.measurements["items"], 4);
    }

    #[tokio::test]
    async fn async_openai_cut_short_is_no_success() {
        let (stop, _) = end_of(answer()[..2].to_vec()).await;
        assert_eq!(stop.get("status").unwrap(), "error");
        assert_eq!(stop.get("error_type").unwrap(), "cut_short");
        assert_eq!(stop.get("finish_reason"), None);
    }

    #[tokio::test]
    async fn async_openai_that_sends_nonsense_is_an_error() {
        let (stop, _) = end_of(vec![answer()[0].clone(), json!("{\"nonsense\":")]).await;
        assert_eq!(stop.get("status").unwrap(), "error");
        assert_eq!(stop.get("error_type").unwrap(), "OpenAIError::JSONDeserialize");
    }

    /// An event source written by hand over the response of a client.
    #[agent_span(llm_turn, model = "m", turn = 0, messages = "hi", streaming = true, stream,
        item(|event|
            usage = event.get("usage").filter(|usage| !usage.is_null()),
            finish_reason = event.pointer("/choices/0/finish_reason").filter(|reason| !reason.is_null()),
        ))]
    async fn event_source(
        url: &str,
    ) -> reqwest::Result<impl Stream<Item = Result<Json, serde_json::Error>> + use<>> {
        let mut response = reqwest::Client::new().post(url).send().await?.error_for_status()?;
        Ok(try_stream! {
            let mut text = String::new();
            while let Ok(Some(bytes)) = response.chunk().await {
                text.push_str(&String::from_utf8_lossy(&bytes));
                while let Some((event, rest)) = text.split_once("\n\n") {
                    let data = event.trim_start_matches("data: ").to_owned();
                    text = rest.to_owned();
                    if data != "[DONE]" {
                        yield serde_json::from_str(&data)?;
                    }
                }
            }
        })
    }

    #[tokio::test]
    async fn an_event_source_reports_usage_and_reason() {
        let base = serve(answer()).await;
        let capture = testing::capture();
        let events = capture.follow(event_source(&format!("{base}/chat/completions"))).await.unwrap();
        assert_eq!(events.count().await, 4);
        let stop = &capture.named("condukt.llm_turn.stop")[0];
        assert_eq!(stop.get("status").unwrap(), "ok");
        assert_eq!(stop.get("usage").unwrap()["prompt_tokens"], 5);
        assert_eq!(stop.get("finish_reason").unwrap(), "stop");

        let refused = capture.follow(event_source(&format!("{base}/nowhere"))).await;
        assert!(refused.is_err());
        assert_eq!(capture.named("condukt.llm_turn.stop")[1].get("status").unwrap(), "error");
    }
}

/// The same wrapper holds a stream that is pinned where it stands.
#[tokio::test]
async fn a_stream_that_cannot_move_is_followed() {
    let capture = testing::capture();
    let run = async {
        let mut stream = std::pin::pin!(in_span!(Read { n: 1 }, item(|item| last = *item); stream stream! {
            let local = 5;
            let borrowed = &local;
            tokio::task::yield_now().await;
            yield *borrowed;
        }));
        let first: Option<u32> = stream.next().await;
        assert_eq!(first, Some(5));
        let end: Pin<&mut dyn Future<Output = Option<u32>>> = std::pin::pin!(stream.next());
        assert_eq!(end.await, None);
    };
    capture.follow(run).await;
    assert_eq!(ends(&capture), ["1 ok items=1"]);
}
