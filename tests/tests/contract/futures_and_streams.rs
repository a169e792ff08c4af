//! The shapes of futures and streams that are followed.

use std::pin::{Pin, pin};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use telemetry_runtime::testing::FakeClock;

use super::*;

#[agent_span(agent, agent = "plain")]
fn plain(n: u8) -> impl Future<Output = Result<u8, String>> {
    std::future::ready(if n > 0 { Ok(n) } else { Err("none".to_owned()) })
}

#[agent_span(agent, agent = "boxed")]
fn boxed(n: &u8) -> BoxFuture<'_, u8> {
    Box::pin(async move {
        tokio::task::yield_now().await;
        *n
    })
}

type Later = Pin<Box<dyn Future<Output = u8> + Send>>;

#[agent_span(agent, agent = "aliased", future)]
fn aliased() -> Later {
    Box::pin(std::future::ready(3))
}

#[tokio::test]
async fn the_work_of_a_function_that_gives_a_future_is_the_future() {
    let capture = testing::capture();
    let (a, b, c) = capture.scope(|| (plain(0), boxed(&2), aliased()));
    assert_eq!(capture.names(), [""; 0], "a span begins at its first poll");
    assert_eq!(capture.follow(a).await, Err("none".to_owned()));
    assert_eq!((capture.follow(b).await, capture.follow(c).await), (2, 3));
    assert_eq!(
        capture.tree().lines().map(|line| line.split_once(" agent=").unwrap()).collect::<Vec<_>>(),
        [
            ("condukt.agent stop", "plain error=none error_type=error status=error"),
            ("condukt.agent stop", "boxed status=ok"),
            ("condukt.agent stop", "aliased status=ok"),
        ]
    );
}

#[derive(Clone, Copy)]
struct Chunk {
    usage: Option<u8>,
    reason: Option<&'static str>,
}

const CHUNKS: [Chunk; 4] = [
    Chunk { usage: Some(1), reason: None },
    Chunk { usage: None, reason: Some("length") },
    Chunk { usage: Some(9), reason: None },
    Chunk { usage: None, reason: None },
];

#[agent_span(llm_turn, model = "m", turn = 0, messages = (), stream,
                 item(|chunk| usage = chunk.usage, finish_reason = chunk.reason))]
fn chunks() -> impl Stream<Item = Chunk> {
    stream::iter(CHUNKS)
}

#[tokio::test]
async fn of_each_key_the_last_item_that_has_it_stands_at_the_stop() {
    let capture = testing::capture();
    let chunks = capture.scope(chunks);
    assert_eq!(capture.names(), [""; 0]);
    assert_eq!(capture.follow(chunks.count()).await, 4);
    let (start, stop) = first_and_last(&capture);
    assert_eq!(start.get("usage"), None);
    assert_eq!(stop.get("usage").unwrap(), 9);
    assert_eq!(stop.get("finish_reason").unwrap(), "length");
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!(stop.measurements["items"], 4);
}

#[tokio::test]
async fn the_time_to_the_first_item_is_measured() {
    let clock = FakeClock::new();
    let capture = testing::capture().deterministic(&clock, 1);
    let ticking = stream::iter([1, 2]).inspect(|_| clock.advance(Duration::from_millis(3)));
    let numbers = capture.scope(|| in_span!(run; stream ticking));
    capture.follow(numbers.count()).await;
    let empty = capture.scope(|| in_span!(run; stream stream::empty::<u8>()));
    capture.follow(empty.count()).await;
    let stops = capture.named("condukt.run.stop");
    assert_eq!(stops[0].measurements["items"], 2);
    assert_eq!(stops[0].measurements["time_to_first_item"], 3_000_000);
    assert_eq!(stops[0].measurements["duration"], 6_000_000);
    assert_eq!(stops[1].measurements["items"], 0);
    assert_eq!(stops[1].measurements.get("time_to_first_item"), None);
}

#[agent_span(llm_turn, model = "m", turn = 0, messages = (), stream, item(|n| usage = n))]
async fn fallible(
    connects: bool,
    items: Vec<Result<u8, String>>,
) -> Result<BoxStream<'static, Result<u8, String>>, String> {
    tokio::task::yield_now().await;
    if connects { Ok(stream::iter(items).boxed()) } else { Err("refused".to_owned()) }
}

async fn end_of(connects: bool, items: Vec<Result<u8, String>>) -> OwnedEvent {
    let capture = testing::capture();
    if let Ok(stream) = capture.follow(fallible(connects, items)).await {
        assert_eq!(capture.names(), ["condukt.llm_turn.start"], "it lasts to the stream's end");
        capture.follow(stream.count()).await;
    }
    let (_, end) = first_and_last(&capture);
    assert_eq!(capture.names().len(), 2);
    end
}

#[tokio::test]
async fn a_stream_within_a_result_is_followed_to_its_end() {
    let stop = end_of(true, vec![Ok(1), Ok(2)]).await;
    assert_eq!((stop.get("status").unwrap(), stop.get("usage").unwrap()), (&json!("ok"), &json!(2)));
    let stop = end_of(false, vec![]).await;
    assert_eq!(
        (stop.get("status").unwrap(), stop.get("error").unwrap()),
        (&json!("error"), &json!("refused"))
    );
}

#[tokio::test]
async fn a_stream_whose_last_item_is_an_err_ends_as_error() {
    let broken = || Err("broken".to_owned());
    let stop = end_of(true, vec![Ok(1), broken()]).await;
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(
        (stop.get("error").unwrap(), stop.get("error_type").unwrap()),
        (&json!("broken"), &json!("error"))
    );
    assert_eq!(stop.get("usage").unwrap(), 1, "what it had said before");
    assert_eq!(stop.measurements["items"], 2);
    // One on the way is not the end.
    let stop = end_of(true, vec![broken(), Ok(1)]).await;
    assert_eq!((stop.get("status").unwrap(), stop.get("error")), (&json!("ok"), None));
}

#[tokio::test]
async fn a_stream_dropped_unfinished_is_cancelled() {
    let capture = testing::capture();
    {
        let mut chunks = pin!(capture.scope(chunks));
        assert!(capture.follow(chunks.next()).await.is_some());
    }
    drop(capture.scope(chunks));
    let events = capture.events();
    assert_eq!(capture.names(), ["condukt.llm_turn.start", "condukt.llm_turn.exception"]);
    assert_eq!(events[1].get("kind").unwrap(), "cancelled");
    assert_eq!(events[1].measurements["items"], 1);
}

#[tokio::test]
async fn whichever_return_gives_the_future_of_a_stream_it_is_followed() {
    type Chunks = Result<BoxStream<'static, u8>, String>;
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), stream, item(|n| usage = n))]
    fn open(connects: bool) -> BoxFuture<'static, Chunks> {
        if !connects {
            return Box::pin(async { Err("refused".to_owned()) });
        }
        Box::pin(async { Ok(stream::iter([1, 2]).boxed()) })
    }
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), stream, item(|n| usage = n))]
    fn made_elsewhere(connects: bool) -> impl Future<Output = Chunks> {
        open(connects)
    }
    for (elsewhere, spans) in [(false, 1), (true, 2)] {
        for connects in [true, false] {
            let capture = testing::capture();
            let opened =
                async { if elsewhere { made_elsewhere(connects).await } else { open(connects).await } };
            match capture.follow(opened).await {
                Ok(stream) => {
                    assert_eq!(capture.named("condukt.llm_turn.stop"), [], "it lasts to the stream's end");
                    assert_eq!(capture.follow(stream.count()).await, 2);
                }
                Err(error) => assert_eq!(error, "refused"),
            }
            let stops = capture.named("condukt.llm_turn.stop");
            assert_eq!(stops.len(), spans);
            for stop in stops {
                assert_eq!(stop.get("status").unwrap(), if connects { "ok" } else { "error" });
                assert_eq!(stop.get("usage"), connects.then(|| json!(2)).as_ref());
            }
        }
    }
}
