//! A model's answer that breaks off is no success.

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
fn a_stream_that_ends_without_a_reason_is_cut_short() {
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
