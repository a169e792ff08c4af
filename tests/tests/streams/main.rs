//! Spans of streams last to the stream's end, and hold what the items gave.

mod context;
mod cut_short;
mod endings;
mod keys;
mod shapes;

use std::future::Future;
use std::num::ParseIntError;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use async_stream::{stream, try_stream};
use futures::stream::{self, BoxStream, LocalBoxStream, Stream, StreamExt};
use serde_json::Value as Json;
use telemetry_runtime::testing::{self, Capture, FakeClock, only};
use telemetry_runtime::{
    Context, EventMetadata, InContext, OwnedEvent, agent_span, event_names, in_span, record, tool_call,
};
use tests::caught;

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

fn poll_next<S: Stream + ?Sized>(stream: Pin<&mut S>) -> Poll<Option<S::Item>> {
    stream.poll_next(&mut TaskContext::from_waker(Waker::noop()))
}

#[agent_span(Read { n }, fields("given" = items.len()), stream, item(|item| last = *item))]
fn plain(n: u32, items: Vec<u32>) -> impl Stream<Item = u32> {
    stream::iter(items)
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
