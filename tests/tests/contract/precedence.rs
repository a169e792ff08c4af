//! Which value of a key counts.

use futures::StreamExt as _;

use super::*;

#[derive(EventMetadata)]
#[span("contract.ranked", stop(level))]
struct Ranked {
    level: &'static str,
}

#[derive(StopMetadata)]
#[stop_of(Ranked)]
struct Derived {
    level: Option<&'static str>,
}

fn levels(capture: &Capture) -> (Json, Json) {
    let (start, stop) = first_and_last(capture);
    (start.get("level").unwrap().clone(), stop.get("level").unwrap().clone())
}

/// What the key is at the start and at the stop.
fn ranked(run: impl FnOnce() -> Derived) -> (Json, Json) {
    let capture = testing::capture();
    capture.scope(run);
    levels(&capture)
}

#[test]
fn later_wins() {
    #[agent_span(Ranked { level: "start" })]
    fn start() -> Derived {
        Derived { level: None }
    }

    #[agent_span(Ranked { level: "start" }, fields(level = "fields"))]
    fn fields() -> Derived {
        Derived { level: None }
    }

    #[agent_span(Ranked { level: "start" }, fields(level = "fields"))]
    fn derived() -> Derived {
        Derived { level: Some("derived") }
    }

    #[agent_span(Ranked { level: "start" }, fields(level = "fields"), stop(|_| level = "stop"))]
    fn stop() -> Derived {
        Derived { level: Some("derived") }
    }

    #[agent_span(Ranked { level: "start" }, fields(level = "fields"), stop(|_| level = "stop"))]
    fn recorded() -> Derived {
        record!(Ranked, level = "first record");
        record!(Ranked, level = "record");
        Derived { level: Some("derived") }
    }

    assert_eq!(ranked(start), (json!("start"), json!("start")));
    assert_eq!(ranked(fields), (json!("fields"), json!("fields")));
    assert_eq!(ranked(derived), (json!("fields"), json!("derived")));
    assert_eq!(ranked(stop), (json!("fields"), json!("stop")));
    assert_eq!(ranked(recorded), (json!("fields"), json!("record")));
}

#[test]
fn none_replaces_nothing() {
    #[agent_span(Ranked { level: "start" }, stop(|_| level = None::<&str>))]
    fn unsaid() -> Derived {
        record!(Ranked, level = None::<&str>);
        Derived { level: Some("derived") }
    }
    assert_eq!(ranked(unsaid), (json!("start"), json!("derived")));
}

#[tokio::test]
async fn of_a_stream_items_come_before_stop_and_record() {
    let items = || futures::stream::iter([Some("item"), None]);
    let capture = testing::capture();
    let stream = capture.scope(|| {
            in_span!(Ranked { level: "start" }, fields(level = "fields"), item(|item| level = item), stop(|()| level = None::<&str>); stream items())
        });
    capture.follow(stream.count()).await;
    assert_eq!(levels(&capture), (json!("fields"), json!("item")));

    let capture = testing::capture();
    let stream = capture.scope(
            || in_span!(Ranked { level: "start" }, item(|item| level = item), stop(|()| level = "stop"); stream items()),
        );
    capture.follow(stream.count()).await;
    assert_eq!(levels(&capture), (json!("start"), json!("stop")));

    let capture = testing::capture();
    let stream = capture.scope(|| {
            let items = items().inspect(|_| record!(Ranked, level = "record"));
            in_span!(Ranked { level: "start" }, item(|item| level = item), stop(|()| level = "stop"); stream items)
        });
    capture.follow(stream.count()).await;
    assert_eq!(levels(&capture), (json!("start"), json!("record")));
}

#[test]
fn the_status_too_follows_the_order() {
    #[derive(StopMetadata)]
    #[stop_of(llm_turn)]
    #[stop(status = "derived")]
    struct Reply {
        usage: u8,
    }

    #[agent_span(llm_turn, model = "m", turn = 0, messages = ())]
    fn derived() -> Reply {
        Reply { usage: 1 }
    }

    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), stop(|_| status = "stop"))]
    fn stop() -> Reply {
        Reply { usage: 1 }
    }

    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), stop(|_| status = "stop"))]
    fn recorded() -> Reply {
        record!(llm_turn, status = "record");
        Reply { usage: 1 }
    }

    let stops = [stop_of(derived), stop_of(stop), stop_of(recorded)];
    assert_eq!(stops.each_ref().map(|stop| stop.get("status").unwrap()), ["derived", "stop", "record"]);
    assert_eq!(stops.each_ref().map(|stop| stop.get("usage").unwrap()), [1, 1, 1]);
}

#[test]
fn a_key_of_the_context_replaces_no_documented_key() {
    let context = |context: Context| {
        let keys = ["model", "session_id", "status", "own", "agent", "usage", "user_id", "args", "count"];
        keys.into_iter().fold(context.with_session_id("s-1"), |context, key| context.with(key, "context"))
    };
    let capture = testing::capture().with_context(context);
    capture.scope(|| {
            in_span!(agent, agent = "a"; || {
                in_span!(llm_turn, model = "m", turn = 0, messages = (), fields(own = "o"), stop(|()| usage = 1); || ());
            });
            execute(&event_name!("contract.keys"), &json!({"count": 1}), &json!({"args": 2})).unwrap();
        });
    let events = capture.events();
    let turn = only(&events, "condukt.llm_turn.stop");
    for (key, value) in [
        ("model", json!("m")),
        ("session_id", json!("s-1")),
        ("status", json!("ok")),
        ("own", json!("o")),
        ("agent", json!("a")),
        ("usage", json!(1)),
        ("user_id", json!("context")),
    ] {
        assert_eq!(turn.get(key), Some(&value), "{key}");
    }
    let named = only(&events, "contract.keys");
    assert_eq!(named.get("args").unwrap(), 2);
    assert_eq!(named.get("user_id").unwrap(), "context");
    assert_eq!(json!(named.measurements), json!({"count": 1}));
}
