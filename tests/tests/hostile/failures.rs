use super::*;

struct Panics;

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(usize::MAX))?;
        map.serialize_entry("half", "done")?;
        panic!("in the middle");
    }
}

#[test]
fn are_of_their_own_value_only() {
    #[tool_call]
    fn tool(good: &str, bad: &Panics, also_good: Vec<u8>) -> Option<Panics> {
        let _ = (good, bad, also_good);
        None
    }
    let capture = testing::capture();
    capture.scope(|| tool("a", &Panics, vec![1]));
    let args = json!({"good": "a", "bad": marker("Panics"), "also_good": [1]});
    assert_eq!(capture.events()[0].get("args").unwrap(), &args);
    assert_eq!(capture.events()[1].get("status").unwrap(), "ok");
}

#[test]
fn in_a_context_or_a_record_detach_no_handler() {
    let capture = testing::capture().with_context(|context| context.with("bad", Panics).with("good", 1));
    capture.scope(|| {
        in_span!(llm_turn, model = "m", turn = 1, messages = Panics, stop(|_reply| usage = Panics); || {
            record!(llm_turn, finish_reason = Panics);
        });
        emit!(compact, duration = std::time::Duration::ZERO, before = 1, after = 1, fields("bad" = Panics));
    });
    for event in capture.events() {
        assert_eq!(event.get("bad").unwrap(), &marker("Panics"));
        assert_eq!(event.get("good").unwrap(), 1);
    }
    let stop = &capture.named("condukt.llm_turn.stop")[0];
    for key in ["messages", "usage", "finish_reason"] {
        assert_eq!(stop.get(key).unwrap(), &marker("Panics"), "{key}");
    }
}

#[derive(StopMetadata)]
#[stop_of(llm_turn)]
struct Reply {
    assistant_message: Panics,
    usage: u8,
    finish_reason: Option<Panics>,
}

#[derive(EventMetadata)]
#[event("hostile.own.event")]
struct Own {
    bad: Panics,
    good: u8,
}

#[test]
fn in_derived_events_and_stops_detach_no_handler() {
    #[agent_span(llm_turn, model = "m", turn = 1, messages = "hi")]
    fn turn() -> Reply {
        Reply { assistant_message: Panics, usage: 3, finish_reason: None }
    }
    let capture = testing::capture();
    capture.scope(|| {
        turn();
        Own { bad: Panics, good: 1 }.emit();
    });
    let stop = &capture.named("condukt.llm_turn.stop")[0];
    assert_eq!(stop.get("assistant_message").unwrap(), &marker("Panics"));
    assert_eq!(stop.get("usage").unwrap(), 3);
    assert_eq!(stop.get("finish_reason"), None);
    let own = &capture.named("hostile.own.event")[0];
    assert_eq!(own.get("bad").unwrap(), &marker("Panics"));
    assert_eq!(own.get("good").unwrap(), 1);
}

/// They panic as a handler looks, which happens after secrets were looked for.
#[test]
fn with_secrets_alive_detach_no_handler() {
    #[tool_call]
    fn tool(value: &Panics, note: &str) -> Panics {
        let _ = (value, note);
        Panics
    }
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let sink = seen.clone();
    let context = Context::new()
        .with_secrets(Secrets::resolve([("KEY", "some-secret")]).unwrap())
        .with_handler(event_names!["condukt.tool_call.*"], move |event: &Event<'_>| {
            sink.lock().unwrap().push(serde_json::to_string(event).unwrap());
        });
    context.scope(|| {
        tool(&Panics, "some-secret");
        tool(&Panics, "some-secret");
    });
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|event| event.contains("<unserialisable: Panics>")), "{seen:?}");
    assert!(!seen.iter().any(|event| event.contains("some-secret")), "{seen:?}");
}

/// A text of a type that lies about its length, or stops in the middle of a character.
#[test]
fn lies_about_lengths_are_not_believed() {
    struct Lies;
    impl Serialize for Lies {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(Unending(0))
        }
    }
    struct Unending(u8);
    impl Iterator for Unending {
        type Item = u8;
        fn next(&mut self) -> Option<u8> {
            self.0 += 1;
            (self.0 < 4).then_some(self.0)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (usize::MAX, Some(usize::MAX))
        }
    }
    assert_eq!(recorded(Lies), json!([1, 2, 3]));
}

#[test]
fn a_map_whose_parts_come_in_the_wrong_order_is_refused() {
    struct Wrong;
    impl Serialize for Wrong {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_value(&1)?;
            map.end()
        }
    }
    assert_eq!(recorded(Wrong), marker("Wrong"));
}

#[derive(Debug)]
struct Odd;

impl ErrorType for Odd {
    fn error_type(&self) -> String {
        let _nested = tests_inside();
        "odd".repeat(1000)
    }
}

#[tool_call]
fn tests_inside() -> u8 {
    1
}

#[test]
fn an_error_that_calls_annotated_functions_is_reported() {
    #[agent_span(operation, operation = "op")]
    fn fails() -> Result<(), Odd> {
        Err(Odd)
    }
    let capture = testing::capture();
    capture.scope(fails).unwrap_err();
    let stop = &capture.named("condukt.operation.stop")[0];
    assert_eq!(stop.get("error").unwrap(), "Odd");
    assert!(stop.get("error_type").unwrap().as_str().unwrap().starts_with("oddodd"));
    assert_eq!(capture.named("condukt.tool_call.stop").len(), 1);
}
