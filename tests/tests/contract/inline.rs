//! `in_span!`, `record!` and `emit!`.

use std::sync::{Arc, Mutex};

use futures::StreamExt as _;

use super::*;

#[tokio::test]
async fn question_marks_end_the_work() {
    async fn outer() -> Result<u8, std::num::ParseIntError> {
        let parsed = in_span!(operation, operation = "parse"; async { "x".parse::<u8>() }).await?;
        Ok(parsed + 1)
    }
    let capture = testing::capture();
    assert!(capture.follow(outer()).await.is_err());
    let work = async {
        in_span!(operation, operation = "block"; async {
            let n: u8 = "x".parse()?;
            Ok::<u8, std::num::ParseIntError>(n)
        })
        .await
    };
    assert!(capture.follow(work).await.is_err());
    let failed: Result<u8, std::num::ParseIntError> = capture.scope(|| {
        in_span!(operation, operation = "closure"; || -> Result<u8, std::num::ParseIntError> {
            let n: u8 = "x".parse()?;
            Ok(n)
        })
    });
    assert!(failed.is_err());
    for stop in capture.named("condukt.operation.stop") {
        assert_eq!(stop.get("status").unwrap(), "error");
        assert_eq!(stop.get("error_type").unwrap(), "ParseIntError");
    }
    assert_eq!(capture.named("condukt.operation.stop").len(), 3);
}

#[test]
fn it_runs_in_the_given_context() {
    let capture = testing::capture();
    let context = capture.context().with_session_id("s-1");
    let session = in_span!(operation, operation = "o", context = context; || Context::current().session_id().map(str::to_owned));
    assert_eq!(session.as_deref(), Some("s-1"));
    assert_eq!(capture.events()[0].get("session_id").unwrap(), "s-1");
}

#[tokio::test]
async fn a_handler_of_the_given_context_sees_the_span() {
    if !alone("inline::a_handler_of_the_given_context_sees_the_span") {
        return;
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let listened = || {
        let sink = seen.clone();
        Context::current().with_handler(event_names!["condukt.**"], move |event: &Event<'_>| {
            sink.lock().unwrap().push(event.name().to_owned());
        })
    };
    in_span!(run, context = listened(); || ());
    in_span!(agent, context = listened(); async {}).await;
    in_span!(operation, operation = "o", context = listened(); stream futures::stream::iter([1]))
        .count()
        .await;
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "condukt.run.start",
            "condukt.run.stop",
            "condukt.agent.start",
            "condukt.agent.stop",
            "condukt.operation.start",
            "condukt.operation.stop",
        ]
    );
}

#[test]
fn an_inline_tool_call_has_its_name_args_and_id() {
    let stop = stop_of(
        || in_span!(tool_call, tool = "add", args = json!({"a": 1}), tool_call_id = "call_1"; || 1 + 1),
    );
    assert_eq!(
        json!(stop.metadata),
        json!({"tool": "add", "args": {"a": 1}, "tool_call_id": "call_1", "result": 2, "status": "ok"})
    );
}

#[test]
fn record_goes_to_the_nearest_enclosing_span_of_its_kind() {
    let capture = testing::capture();
    capture.scope(|| {
            in_span!(llm_turn, model = "outer", turn = 0, messages = (), stop(|()|); || {
                in_span!(llm_turn, model = "inner", turn = 1, messages = (), stop(|()|); || {
                    in_span!(tool_call, tool = "t", args = (); || record!(llm_turn, usage = 1, finish_reason = "stop"));
                });
                record!(llm_turn, usage = 2);
                record!(agent_message, result = "nowhere");
            });
            record!(llm_turn, usage = 3);
        });
    let stops = capture.named("condukt.llm_turn.stop");
    assert_eq!(stops.iter().map(|stop| stop.get("usage").unwrap()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(stops[0].get("finish_reason").unwrap(), "stop");
    assert_eq!(stops[1].get("finish_reason"), None);
    assert!(!format!("{:?}", capture.events()).contains("nowhere"));
}

#[tokio::test]
async fn record_reaches_the_span_from_a_task_that_carries_the_context() {
    let capture = testing::capture();
    let work = capture.scope(|| {
        in_span!(llm_turn, model = "m", turn = 0, messages = (), stop(|()|); async {
            let task = async { record!(llm_turn, usage = 5) };
            tokio::spawn(task.in_current_context()).await.unwrap();
        })
    });
    capture.follow(work).await;
    assert_eq!(capture.named("condukt.llm_turn.stop")[0].get("usage").unwrap(), 5);
}

#[test]
fn work_that_only_panics_is_of_any_type() {
    #[allow(clippy::semicolon_if_nothing_returned, reason = "that is the case")]
    fn unit() {
        in_span!(run; || panic!("no"))
    }
    fn number() -> u32 {
        in_span!(run; || panic!("no"))
    }
    let capture = testing::capture();
    assert!(std::panic::catch_unwind(|| capture.scope(unit)).is_err());
    assert!(std::panic::catch_unwind(|| capture.scope(number)).is_err());
    assert_eq!(capture.named("condukt.run.exception").len(), 2);
}

#[derive(EventMetadata)]
#[event("shop.closed")]
struct Closed;

#[test]
fn an_event_without_fields_is_its_name() {
    let capture = testing::capture();
    capture.scope(|| emit!(Closed));
    assert_eq!(capture.named("shop.closed").len(), 1);
}
