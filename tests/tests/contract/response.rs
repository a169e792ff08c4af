//! The word `response`: a model's answer is read, whole, in part and streamed.

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use serde::Serialize;
use serde_json::{Value as Json, json};
use telemetry_runtime::{OwnedEvent, agent_span, in_span, record, testing};

fn answer() -> Json {
    json!({
        "id": "chatcmpl-1", "model": "gpt-4o-2024-08-06",
        "choices": [{"message": {"role": "assistant", "content": "Cold."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14,
            "prompt_tokens_details": {"cached_tokens": 4}},
    })
}

fn chunks() -> Vec<Json> {
    let chunk = |delta: Json, reason: Json| {
        json!({"id": "chatcmpl-1", "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    };
    vec![
        chunk(json!({"role": "assistant", "content": ""}), Json::Null),
        chunk(json!({"content": "Co"}), Json::Null),
        chunk(json!({"content": "ld."}), Json::Null),
        chunk(json!({}), json!("stop")),
        json!({"id": "chatcmpl-1", "model": "gpt-4o-2024-08-06", "choices": [],
            "usage": {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14,
                "prompt_tokens_details": {"cached_tokens": 4}}}),
    ]
}

fn assert_answer(stop: &OwnedEvent) {
    assert_eq!(stop.name, "condukt.llm_turn.stop", "{stop:?}");
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!(
        stop.get("assistant_message").unwrap()["parts"],
        json!([{"type": "text", "content": "Cold."}])
    );
    let usage = stop.get("usage").unwrap();
    assert_eq!((&usage["input"], &usage["output"], &usage["cache_read"]), (&json!(12), &json!(2), &json!(4)));
    assert_eq!(stop.get("finish_reason").unwrap(), "stop");
    assert_eq!(stop.get("response_model").unwrap(), "gpt-4o-2024-08-06");
    assert_eq!(stop.get("response_id").unwrap(), "chatcmpl-1");
}

fn end_of(run: impl FnOnce()) -> OwnedEvent {
    let capture = testing::capture();
    capture.scope(run);
    capture.events().pop().unwrap()
}

#[test]
fn the_value_itself_is_the_answer() {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), response)]
    fn complete() -> Result<Json, std::io::Error> {
        Ok(answer())
    }
    assert_answer(&end_of(|| drop(complete())));
    assert_answer(&end_of(|| drop(in_span!(llm_turn, model = "m", messages = (), response; || answer()))));
}

#[test]
fn a_part_of_the_value_is_the_answer() {
    struct Reply {
        raw: Json,
    }
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), response(|reply| &reply.raw))]
    async fn complete_well() -> Result<Reply, std::io::Error> {
        Ok(Reply { raw: answer() })
    }
    assert_answer(&end_of(|| drop(futures::executor::block_on(complete_well()))));
}

#[test]
fn the_chunks_of_a_stream_are_put_together() {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream, response)]
    fn complete() -> impl Stream<Item = Result<Json, std::io::Error>> {
        stream::iter(chunks().into_iter().map(Ok))
    }
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream, response)]
    async fn complete_later() -> Result<BoxStream<'static, Json>, std::io::Error> {
        Ok(stream::iter(chunks()).boxed())
    }
    let stop = end_of(|| drop(futures::executor::block_on(complete().collect::<Vec<_>>())));
    assert_answer(&stop);
    assert!(stop.measurements.contains_key("time_to_first_token"), "{stop:?}");
    assert_answer(&end_of(|| {
        futures::executor::block_on(async { complete_later().await.unwrap().collect::<Vec<_>>().await });
    }));
    assert_answer(&end_of(|| {
        let stream = in_span!(llm_turn, model = "m", messages = (), response; stream stream::iter(chunks()));
        futures::executor::block_on(stream.collect::<Vec<_>>());
    }));
}

#[test]
fn a_stream_that_is_left_after_its_last_chunk_has_stopped() {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream, response)]
    fn complete() -> impl Stream<Item = Json> {
        stream::iter(chunks())
    }
    let left_after = |items: usize| {
        end_of(|| {
            let mut stream = complete();
            for _ in 0..items {
                futures::executor::block_on(stream.next());
            }
        })
    };
    assert_eq!(left_after(4).name, "condukt.llm_turn.stop");
    let cut = left_after(3);
    assert_eq!((&*cut.name, cut.get("kind").unwrap()), ("condukt.llm_turn.exception", &json!("cancelled")));
    assert_eq!(cut.get("response_model").unwrap(), "gpt-4o-2024-08-06");
    assert_eq!(cut.get("assistant_message").unwrap()["parts"][0]["content"], "Cold.");
}

#[test]
fn a_stream_that_ends_without_a_reason_was_cut_short() {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream, response)]
    fn complete(items: usize) -> impl Stream<Item = Json> {
        stream::iter(chunks().into_iter().take(items))
    }
    for items in [0, 1, 3] {
        let stop = end_of(|| drop(futures::executor::block_on(complete(items).collect::<Vec<_>>())));
        assert_eq!(stop.get("error_type").unwrap(), "cut_short", "{items}");
    }
}

#[test]
fn an_answer_that_is_an_error_is_a_failure() {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), response)]
    fn complete(answer: Json) -> Json {
        answer
    }
    for (answer, error_type) in [
        (json!({"error": {"message": "died", "type": "server_error"}}), "server_error"),
        (
            json!({"error": {"message": "died", "type": "requests", "code": "rate_limit_exceeded"}}),
            "rate_limit_exceeded",
        ),
        (json!({"error": {"message": "died", "code": 503, "status": "UNAVAILABLE"}}), "UNAVAILABLE"),
        (
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "died"}}),
            "overloaded_error",
        ),
        (json!({"raw": {"error": {"code": 502, "message": "died"}}}), "502"),
        (json!({"error": {"message": "died", "type": "a sentence, not a kind"}}), "error"),
        (json!({"error": "died"}), "error"),
        (
            json!({"id": "resp_1", "object": "response", "status": "failed", "model": "gpt-5", "output": [],
                "error": {"code": "server_error", "message": "died"}}),
            "server_error",
        ),
    ] {
        let stop = end_of(|| drop(complete(answer.clone())));
        assert_eq!(stop.name, "condukt.llm_turn.stop");
        assert_eq!(
            (stop.get("status").unwrap(), stop.get("error").unwrap()),
            (&json!("error"), &json!("died"))
        );
        assert_eq!(stop.get("error_type").unwrap(), error_type, "{answer}");
    }
}

#[test]
fn a_stream_with_an_error_in_it_is_a_failure_and_not_cut_short() {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream, response)]
    fn complete(chunks: Vec<Json>) -> impl Stream<Item = Json> {
        stream::iter(chunks)
    }
    let whole = |chunks: Vec<Json>| end_of(|| _ = futures::executor::block_on(complete(chunks).count()));
    let (text, last) = (chunks()[1].clone(), chunks()[3].clone());
    let died = || json!({"error": {"code": 502, "message": "died"}});
    for (chunks, error_type) in [
        (vec![text.clone(), died()], "502"),
        (vec![died()], "502"),
        (vec![text.clone(), last, died()], "502"),
        (
            vec![json!({"type": "error", "error": {"type": "overloaded_error", "message": "died"}})],
            "overloaded_error",
        ),
        (
            vec![json!({"type": "response.failed", "response": {"id": "resp_1", "object": "response",
                "status": "failed", "output": [], "error": {"code": "server_error", "message": "died"}}})],
            "server_error",
        ),
        (vec![json!({"throttlingException": {"message": "died"}})], "throttlingException"),
    ] {
        let stop = whole(chunks.clone());
        assert_eq!(stop.name, "condukt.llm_turn.stop");
        assert_eq!(
            (stop.get("status").unwrap(), stop.get("error").unwrap()),
            (&json!("error"), &json!("died"))
        );
        assert_eq!(stop.get("error_type").unwrap(), error_type, "{chunks:?}");
    }
    // What had come by then is there too, though the consumer left.
    let left = end_of(|| {
        let mut stream = complete(vec![text.clone(), died(), text.clone()]);
        futures::executor::block_on(async { (stream.next().await, stream.next().await) });
    });
    assert_eq!((&*left.name, left.get("error").unwrap()), ("condukt.llm_turn.stop", &json!("died")));
    assert_eq!(left.get("assistant_message").unwrap()["parts"][0]["content"], "Co");
}

#[test]
fn what_the_program_makes_of_an_error_in_a_stream_wins() {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream, response)]
    fn fail() -> impl Stream<Item = Result<Json, std::io::Error>> {
        stream::iter([
            Ok(json!({"error": {"code": 502, "message": "died"}})),
            Err(std::io::Error::other("mine")),
        ])
    }
    let stop = end_of(|| _ = futures::executor::block_on(fail().count()));
    assert_eq!(
        (stop.get("error").unwrap(), stop.get("error_type").unwrap()),
        (&json!("mine"), &json!("Other"))
    );
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream, response,
        item(|chunk| error = chunk["own"].as_str()), stop(|_| error_type = "mine"))]
    fn explain() -> impl Stream<Item = Json> {
        stream::iter([json!({"own": "explained", "error": {"code": 502, "message": "died"}})])
    }
    let stop = end_of(|| _ = futures::executor::block_on(explain().count()));
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(
        (stop.get("error").unwrap(), stop.get("error_type").unwrap()),
        (&json!("explained"), &json!("mine"))
    );
}

#[test]
fn keys_that_the_user_gives_win() {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), response,
        stop(|reply| finish_reason = reply["why"].as_str()))]
    fn complete() -> Json {
        let mut answer = answer();
        answer["why"] = json!("mine");
        record!(llm_turn, response_id = "recorded");
        answer
    }
    let stop = end_of(|| drop(complete()));
    assert_eq!(stop.get("finish_reason").unwrap(), "mine");
    assert_eq!(stop.get("response_id").unwrap(), "recorded");
    assert_eq!(stop.get("response_model").unwrap(), "gpt-4o-2024-08-06");
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), response, stop(|_| error_type = "mine"))]
    fn fail() -> Json {
        record!(llm_turn, error = "recorded");
        json!({"error": {"message": "died", "type": "server_error"}})
    }
    let stop = end_of(|| drop(fail()));
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error").unwrap(), "recorded");
    assert_eq!(stop.get("error_type").unwrap(), "mine");
}

#[test]
fn a_value_of_no_known_form_gives_no_key_and_no_failure() {
    #[derive(Serialize)]
    struct Odd {
        colour: &'static str,
    }
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (), response)]
    fn complete() -> Odd {
        Odd { colour: "red" }
    }
    let stop = end_of(|| _ = complete());
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!((stop.get("usage"), stop.get("finish_reason")), (None, None));
}

#[test]
fn a_request_of_legion_is_read_too() {
    #[agent_span(llm_request, model = "m", message_count = 1, response)]
    fn request() -> Json {
        answer()
    }
    let stop = end_of(|| drop(request()));
    assert_eq!(stop.get("response_id").unwrap(), "chatcmpl-1");
    assert_eq!(stop.get("usage").unwrap()["output"], 2);
}
