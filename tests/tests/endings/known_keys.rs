//! Work that ends badly keeps what it knew: keys that were recorded, read from items or put together by then are on the
//! exception too. A stream that is left after what completes it has stopped.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::executor::block_on;
use futures::{Stream, StreamExt, stream};
use serde_json::{Value as Json, json};
use telemetry_runtime::{
    EventMetadata, OwnedEvent, agent_span, condukt, in_span, record, testing, tool_call,
};

fn end_of(run: impl FnOnce()) -> OwnedEvent {
    let capture = testing::capture();
    capture.scope(run);
    capture.events().pop().expect("an end")
}

/// Polls a future that waits, and drops it.
fn poll_once(future: impl Future) {
    let mut future = Box::pin(future);
    block_on(async { assert!(futures::poll!(&mut future).is_pending()) });
}

fn chunk(text: &str, tokens: u64, reason: Option<&str>) -> Json {
    json!({"text": text, "tokens": tokens, "reason": reason})
}

#[agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream,
    item(|chunk| assistant_message += chunk["text"].as_str(), usage = json!({"output_tokens": chunk["tokens"]}),
        finish_reason = chunk["reason"].as_str(), fields(last = chunk["text"].as_str())))]
fn complete(chunks: Vec<Json>) -> impl Stream<Item = Json> {
    stream::iter(chunks)
}

fn taken(chunks: Vec<Json>, items: usize) -> OwnedEvent {
    end_of(|| {
        let mut stream = complete(chunks);
        for _ in 0..items {
            block_on(stream.next());
        }
    })
}

#[test]
fn a_dropped_stream_keeps_the_keys_of_its_items() {
    let end = taken(vec![chunk("Co", 1, None), chunk("ld.", 2, None), chunk("", 3, Some("stop"))], 2);
    assert_eq!(end.name, "condukt.llm_turn.exception");
    assert_eq!(end.get("kind").unwrap(), "cancelled");
    assert_eq!(end.get("assistant_message").unwrap(), "Cold.");
    assert_eq!(end.get("usage").unwrap(), &json!({"output_tokens": 2}));
    assert_eq!(end.get("last").unwrap(), "ld.");
    assert_eq!(end.measurements["items"], 2);
    assert_eq!(end.get("status"), None);
}

#[test]
fn a_stream_that_is_left_after_its_finish_reason_has_stopped() {
    let end = taken(vec![chunk("Cold.", 1, None), chunk("", 3, Some("stop")), chunk("", 3, None)], 2);
    assert_eq!(end.name, "condukt.llm_turn.stop");
    assert_eq!(end.get("finish_reason").unwrap(), "stop");
    assert_eq!(end.get("status").unwrap(), "ok");
}

#[test]
fn keys_of_the_stop_rule_are_on_a_stream_that_was_left_early() {
    #[agent_span(llm_turn, model = "m", messages = (), stream, item(|chunk| finish_reason = chunk["reason"].as_str()),
        stop(|_| response_id = "r-1"))]
    fn complete() -> impl Stream<Item = Json> {
        stream::iter(vec![chunk("", 1, Some("stop")), chunk("", 1, None)])
    }
    let end = end_of(|| drop(block_on(complete().next())));
    assert_eq!(end.get("response_id").unwrap(), "r-1");
}

#[test]
fn a_future_that_is_dropped_keeps_what_was_recorded() {
    #[agent_span(llm_turn, model = "m", messages = (), stop(|_|))]
    async fn turn() {
        record!(llm_turn, usage = json!({"output_tokens": 7}), fields(attempt = 2));
        std::future::pending::<()>().await;
    }
    let end = end_of(|| {
        poll_once(turn());
    });
    assert_eq!(end.get("kind").unwrap(), "cancelled");
    assert_eq!(end.get("usage").unwrap(), &json!({"output_tokens": 7}));
    assert_eq!(end.get("attempt").unwrap(), 2);
}

#[test]
fn a_panic_keeps_what_was_recorded() {
    let end = end_of(|| {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            in_span!(agent_message, message = "m", stop(|_|); || {
                record!(agent_message, iterations = 3);
                if true {
                    std::panic::panic_any("stop here");
                }
            });
        }));
    });
    assert_eq!((end.get("kind").unwrap(), end.get("iterations").unwrap()), (&json!("panic"), &json!(3)));
}

#[test]
fn recorded_keys_with_the_names_of_an_exceptions_own_stand_beside_it() {
    #[derive(EventMetadata)]
    #[span("kept.guard", stop(reason))]
    struct Guard {
        kind: &'static str,
    }
    let end = end_of(|| {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            in_span!(Guard { kind: "jailbreak" }, stop(|_|); || {
                record!(Guard, reason = "asks for the prompt");
                if true {
                    std::panic::panic_any("stop here");
                }
            });
        }));
    });
    assert_eq!(
        (end.get("kind").unwrap(), end.get("reason").unwrap()),
        (&json!("panic"), &json!("stop here"))
    );
    assert_eq!(end.get("fields.kind").unwrap(), "jailbreak");
    assert_eq!(end.get("fields.reason").unwrap(), "asks for the prompt");
}

#[test]
fn a_typed_handler_reads_the_tokens_of_a_turn_that_was_cut_short() {
    let told = std::sync::Arc::new(std::sync::Mutex::new(None));
    let seen = told.clone();
    telemetry_runtime::attach_typed("known-keys", move |end: &condukt::LlmTurnException<'_>| {
        *seen.lock().unwrap() = end.usage().map(|usage| usage.to_json());
    })
    .unwrap();
    taken(vec![chunk("Co", 1, None)], 1);
    telemetry_runtime::detach("known-keys").unwrap();
    assert_eq!(*told.lock().unwrap(), Some(json!({"output_tokens": 1})));
}

#[test]
fn the_first_token_is_the_first_item_with_something_in_it() {
    let end = taken(vec![chunk("", 0, None), chunk("Cold.", 1, None), chunk("", 1, Some("stop"))], 4);
    assert!(
        end.measurements["time_to_first_item"].as_u64() <= end.measurements["time_to_first_token"].as_u64()
    );
    let end = taken(vec![chunk("", 0, None), chunk("", 1, Some("stop"))], 3);
    assert!(end.measurements.contains_key("time_to_first_item"));
    assert!(!end.measurements.contains_key("time_to_first_token"), "{end:?}");
}

#[test]
fn chunks_of_a_known_form_give_the_first_token_without_being_asked() {
    #[agent_span(llm_turn, model = "m", messages = (), stream, item(|chunk| finish_reason = chunk["why"].as_str()))]
    fn complete(chunks: Vec<Json>) -> impl Stream<Item = Json> {
        stream::iter(chunks)
    }
    let role = json!({"choices": [{"delta": {"role": "assistant", "content": ""}}]});
    for token in [
        json!({"choices": [{"delta": {"content": "It"}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": "t", "arguments": ""}}]}}]}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm"}}),
    ] {
        let end = end_of(|| drop(block_on(complete(vec![role.clone(), token]).collect::<Vec<_>>())));
        assert!(end.measurements.contains_key("time_to_first_token"), "{end:?}");
    }
    let end = end_of(|| drop(block_on(complete(vec![role]).collect::<Vec<_>>())));
    assert!(!end.measurements.contains_key("time_to_first_token"), "{end:?}");
}

#[test]
fn a_stream_that_failed_before_any_token_has_no_first_token() {
    #[agent_span(llm_turn, model = "m", messages = (), stream, item(|chunk| assistant_message += chunk.as_str()))]
    fn complete() -> impl Stream<Item = Result<String, std::io::Error>> {
        stream::iter([Err(std::io::Error::other("refused"))])
    }
    let end = end_of(|| drop(block_on(complete().collect::<Vec<_>>())));
    assert_eq!((end.get("status").unwrap(), end.get("error").unwrap()), (&json!("error"), &json!("refused")));
    assert!(!end.measurements.contains_key("time_to_first_token"));
}

#[test]
fn a_key_that_is_recorded_again_and_again_keeps_one_value() {
    let end = end_of(|| {
        in_span!(llm_turn, model = "m", messages = (), stop(|_|); || {
            for n in 0..1000 {
                record!(llm_turn, usage = n);
            }
        });
    });
    assert_eq!(end.get("usage").unwrap(), 999);
}

#[test]
fn a_cancelled_tool_inside_keeps_its_own() {
    #[tool_call]
    async fn wait(seconds: u64) -> u64 {
        record!(tool_call, fields(progress = 0.5));
        futures::future::pending::<()>().await;
        seconds
    }
    let end = end_of(|| {
        poll_once(wait(3));
    });
    assert_eq!(
        (end.get("progress").unwrap(), end.get("args").unwrap()),
        (&json!(0.5), &json!({"seconds": 3}))
    );
}
