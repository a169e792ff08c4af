//! How values are recorded.

use super::*;

#[agent_span(llm_turn, model = %said, turn = 0, messages = ?said, fields(bare = said, display = %said, debug = ?said),
                 stop(|said| assistant_message = said, usage = %said, finish_reason = ?said))]
fn turn(said: &Said) -> Said {
    said.clone()
}

#[test]
fn a_sigil_chooses_the_format() {
    let capture = testing::capture();
    capture.scope(|| turn(&Said));
    let (start, stop) = first_and_last(&capture);
    for event in [&start, &stop] {
        assert_eq!(event.get("model").unwrap(), "display");
        assert_eq!(event.get("messages").unwrap(), "debug");
        assert_eq!(event.get("bare").unwrap(), "serialize");
        assert_eq!(event.get("display").unwrap(), "display");
        assert_eq!(event.get("debug").unwrap(), "debug");
    }
    assert_eq!(stop.get("assistant_message").unwrap(), "serialize");
    assert_eq!(stop.get("usage").unwrap(), "display");
    assert_eq!(stop.get("finish_reason").unwrap(), "debug");
}

#[test]
fn a_sigil_chooses_the_format_in_every_macro() {
    let capture = testing::capture();
    capture.scope(|| {
            in_span!(llm_turn, model = ?Said, turn = 0, messages = %Said, fields(bare = Said), stop(|_| finish_reason = %Said); || {
                record!(llm_turn, usage = ?Said, assistant_message = Said);
            });
            emit!(compact, duration = 1, before = 2, after = 3, fields(bare = Said, display = %Said, debug = ?Said));
        });
    let events = capture.events();
    let turn = only(&events, "condukt.llm_turn.stop");
    assert_eq!(
        ["model", "messages", "bare", "finish_reason", "usage", "assistant_message"]
            .map(|key| turn.get(key).unwrap()),
        ["debug", "display", "serialize", "display", "debug", "serialize"]
    );
    let compact = only(&events, "condukt.compact.stop");
    assert_eq!(json!(compact.metadata), json!({"bare": "serialize", "display": "display", "debug": "debug"}));
}

#[test]
fn every_kind_of_value_is_kept() {
    let stop = stop_of(|| {
        in_span!(run, fields(
                yes = true, small = -1_i8, big = u64::MAX, float = 1.5, letter = 'x', text = "t", owned = String::from("o"),
                unit = (), list = [1, 2], tuple = (1, "a"), map = json!({"k": null}), some = Some(3)); || ());
    });
    assert_eq!(
        json!(stop.metadata),
        json!({
            "yes": true, "small": -1, "big": u64::MAX, "float": 1.5, "letter": "x", "text": "t", "owned": "o",
            "unit": null, "list": [1, 2], "tuple": [1, "a"], "map": {"k": null}, "some": 3,
            "status": "ok", "session_id": stop.get("session_id"),
        })
    );
}

#[agent_span(llm_turn, model = None::<String>, turn = None::<u32>, messages = None::<Vec<u8>>, streaming = None::<bool>,
                 fields(own = None::<u8>, shown = ?None::<u8>))]
fn nothing() -> Option<Reply> {
    Some(Reply { usage: None, finish_reason: Some("stop") })
}

#[derive(StopMetadata)]
#[stop_of(llm_turn)]
struct Reply {
    usage: Option<u8>,
    finish_reason: Option<&'static str>,
}

#[test]
fn none_leaves_the_key_absent() {
    let stop = stop_of(nothing);
    // The `Debug` text of a `None` is a text.
    assert_eq!(json!(stop.metadata), json!({"finish_reason": "stop", "shown": "None", "status": "ok"}));

    #[allow(clippy::ref_option, reason = "it is what is tested")]
    #[tool_call]
    fn find(by: Option<u8>, near: &Option<String>, most: Option<u8>, text: Option<String>) -> Option<u8> {
        drop(text);
        by.filter(|_| near.is_none()).and(most)
    }
    let stop = stop_of(|| find(None, &None, Some(1), None));
    assert_eq!(stop.get("args").unwrap(), &json!({"most": 1}));
    assert_eq!(stop.get("result"), None);
    let stop = stop_of(|| find(Some(1), &None, Some(2), Some("t".to_owned())));
    assert_eq!(stop.get("args").unwrap(), &json!({"by": 1, "most": 2, "text": "t"}));
    assert_eq!(stop.get("result").unwrap(), 2);
}

#[test]
fn a_none_parameter_leaves_its_key_absent() {
    #[agent_span(agent_message, stop(|()|))]
    fn number(message: Option<u8>) {
        let _ = message;
    }
    #[allow(clippy::ref_option, reason = "it is what is tested")]
    #[agent_span(agent_message, stop(|()|))]
    fn reference(message: &Option<Vec<u8>>) {
        let _ = message;
    }
    #[agent_span(agent_message, stop(|()|))]
    fn owned(message: Option<String>) {
        drop(message);
    }
    assert_eq!(
        [stop_of(|| number(None)), stop_of(|| reference(&None)), stop_of(|| owned(None))]
            .map(|stop| stop.get("message").cloned()),
        [const { None }; 3]
    );
    assert_eq!(stop_of(|| number(Some(1))).get("message").unwrap(), 1);
    assert_eq!(stop_of(|| reference(&Some(vec![1]))).get("message").unwrap(), &json!([1]));
    assert_eq!(stop_of(|| owned(Some("s".to_owned()))).get("message").unwrap(), "s");
}

#[test]
fn a_key_that_is_not_an_identifier_is_quoted() {
    #[agent_span(agent, fields("shop.region" = "eu", r#type = "t", "zwölf" = 12))]
    fn answer() {}

    let stop = stop_of(answer);
    assert_eq!(stop.get("shop.region").unwrap(), "eu");
    assert_eq!(stop.get("type").unwrap(), "t");
    assert_eq!(stop.get("zwölf").unwrap(), 12);
}
