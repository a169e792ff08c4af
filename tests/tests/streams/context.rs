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
async fn the_producer_of_items_runs_inside_and_the_consumer_outside() {
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
async fn a_stream_runs_in_the_given_context_even_if_unobserved() {
    let expected = vec![Some("s-1".to_owned()); 3];
    assert_eq!(seen().await, expected);
    let capture = testing::capture();
    assert_eq!(capture.follow(seen()).await, expected);
    let ends: Vec<String> = ends(&capture);
    assert_eq!(
        ends,
        ["1 error items=none", "1 ok items=1", "1 ok items=1", "1 ok items=1", "1 cancelled items=0"]
    );
    // It is not observed within an observed span, which goes on.
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
