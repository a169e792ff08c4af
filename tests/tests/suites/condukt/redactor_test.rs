use std::collections::BTreeMap;
use std::panic::catch_unwind;

use telemetry_runtime::{EventMetadata, event_name, execute, in_span, record};

use super::*;

#[tool_call]
pub(super) fn note(text: &str) -> usize {
    text.len()
}

/// What an event shows of a value under secrets.
fn shown(secrets: &[(&str, &str)], value: impl Serialize) -> Value {
    let capture = testing::capture();
    let secrets = Secrets::resolve(secrets.iter().copied()).unwrap();
    let context = capture.context().with_secrets(secrets);
    context.scope(|| in_span!(tool_call, tool = "show", args = &value; || ()));
    let events = capture.events();
    only(&events, "condukt.tool_call.stop").get("args").unwrap().clone()
}

const TOKEN: &[(&str, &str)] = &[("TOKEN", "s3cr3t")];

#[test]
fn a_value_is_replaced_by_its_name() {
    assert_eq!(shown(TOKEN, "s3cr3t"), "[REDACTED:TOKEN]");
    assert_eq!(
        shown(TOKEN, "a s3cr3t, s3cr3ts3cr3t!"),
        "a [REDACTED:TOKEN], [REDACTED:TOKEN][REDACTED:TOKEN]!"
    );
    assert_eq!(shown(TOKEN, "nothing in it"), "nothing in it");
}

#[test]
fn nested_values_and_keys_are_searched() {
    #[derive(Serialize)]
    struct Nested<'a> {
        list: Vec<&'a str>,
        tuple: (&'a str, u8),
        map: BTreeMap<&'a str, Option<&'a str>>,
    }
    let value = Nested {
        list: vec!["s3cr3t", "x"],
        tuple: ("is s3cr3t", 1),
        map: [("s3cr3t", Some("s3cr3t")), ("k", None)].into(),
    };
    assert_eq!(
        shown(TOKEN, value),
        json!({
            "list": ["[REDACTED:TOKEN]", "x"],
            "tuple": ["is [REDACTED:TOKEN]", 1],
            "map": {"[REDACTED:TOKEN]": "[REDACTED:TOKEN]", "k": null},
        })
    );
}

#[test]
fn of_overlapping_values_the_longest_is_replaced() {
    let long_first = [("LONG", "token-long"), ("SHORT", "token")];
    let short_first = [("SHORT", "token"), ("LONG", "token-long")];
    for secrets in [long_first, short_first] {
        assert_eq!(shown(&secrets, "token-long token"), "[REDACTED:LONG] [REDACTED:SHORT]");
    }
}

#[test]
fn a_placeholder_is_not_searched_again() {
    let secrets = [("TOKEN", "s3cr3t"), ("X", "TOKEN"), ("Y", "REDACTED"), ("Z", "[RED")];
    assert_eq!(shown(&secrets, "s3cr3t"), "[REDACTED:TOKEN]");
    assert_eq!(shown(&secrets, "TOKEN REDACTED"), "[REDACTED:X] [REDACTED:Y]");
}

#[test]
fn numbers_and_bytes_are_searched() {
    let pin = [("PIN", "987654")];
    let text = |value: &Value| value.to_string();
    assert!(!text(&shown(&pin, 987_654)).contains("987654"));
    assert!(!text(&shown(&pin, json!({"pin": -98_765_400_i64}))).contains("987654"));
    assert!(!text(&shown(TOKEN, b"is s3cr3t".as_slice())).contains("115,51,99,114,51,116"));
    assert!(!text(&shown(TOKEN, ['s', '3', 'c', 'r', '3', 't'])).contains(r#""s","3","c","r","3","t""#));
}

#[test]
fn encoded_values_are_found() {
    let secret = "a\"b\nc/d+é";
    let secrets = [("KEY", secret)];
    let json_text = serde_json::to_string(&json!({"key": secret})).unwrap();
    let debug_text = format!("{:?}", Some(secret));
    let forms = [
        json_text.as_str(),
        &debug_text,
        "?key=a%22b%0Ac%2Fd%2B%C3%A9&x",
        "?key=a%22b%0ac%2fd%2b%c3%a9&x",
        // `user:` and the secret, as in Basic authentication: at each alignment.
        "YSJiCmMvZCvDqQ==",
        "dTphImIKYy9kK8Op",
        "dXM6YSJiCmMvZCvDqQ",
        "YSJiCmMvZCvDqQ",
    ];
    for form in forms {
        let value = shown(&secrets, form);
        assert!(value.to_string().contains("[REDACTED:KEY]"), "{form} is shown as {value}");
    }
}

#[test]
fn all_that_events_carry_is_searched() {
    #[derive(EventMetadata)]
    #[event("redactor.own")]
    struct Own<'a> {
        text: &'a str,
    }

    let capture = testing::capture().with_context(|context| {
        context.with("user", "s3cr3t user").with_secrets(Secrets::resolve([("TOKEN", "s3cr3t")]).unwrap())
    });
    let context = capture.context().with_agent("agent s3cr3t").with_session_id("s3cr3t");
    let handlers =
        context.clone().with_handler(event_name!("redactor.own"), |_: &telemetry_runtime::Event<'_>| {
            panic!("a handler with s3cr3t");
        });
    context.scope(|| {
            let result = in_span!(tool_call, tool = "s3cr3t", args = "s3cr3t", fields(more = "s3cr3t");
                || Err::<(), _>("failed with s3cr3t"));
            assert!(result.is_err());
            in_span!(llm_turn, model = "s3cr3t", turn = 0, messages = ["s3cr3t"], stop(|()| assistant_message = "s3cr3t");
                || record!(llm_turn, usage = json!({"s3cr3t": 1})));
            let panicked =
                catch_unwind(AssertUnwindSafe(|| in_span!(run; || assert_eq!("s3cr3t", "", "panic: s3cr3t"))));
            assert!(panicked.is_err());
            Own { text: "s3cr3t" }.emit();
            execute(&event_name!("redactor.named"), &json!({"count": "s3cr3t"}), &json!({"s3cr3t": "s3cr3t"})).unwrap();
        });
    handlers.scope(|| Own { text: "" }.emit());
    let events = capture.events();
    assert_eq!(
        names(&events),
        [
            "condukt.secrets.resolve",
            "condukt.tool_call.start",
            "condukt.secrets.access",
            "condukt.tool_call.stop",
            "condukt.llm_turn.start",
            "condukt.llm_turn.stop",
            "condukt.run.start",
            "condukt.run.exception",
            "redactor.own",
            "redactor.named",
            "redactor.own",
            "telemetry.handler.failure",
        ]
    );
    for event in &events {
        let shown = serde_json::to_string(event).unwrap();
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
    let failure = events.last().unwrap();
    assert_eq!(failure.get("reason").unwrap(), "a handler with [REDACTED:TOKEN]");
    assert_eq!(events[7].get("session_id").unwrap(), "[REDACTED:TOKEN]");
}

#[test]
fn a_secret_resolved_inside_an_open_span_counts_for_its_stop() {
    #[agent_span(agent, stop(|()| error = "s3cr3t"))]
    fn outer() {
        in_span!(run; || {
            let secrets = Secrets::resolve([("TOKEN", "s3cr3t")]).unwrap();
            Context::current().with_secrets(secrets).scope(|| note("s3cr3t"));
        });
    }

    let capture = testing::capture();
    capture.scope(outer);
    let events = capture.events();
    assert_eq!(only(&events, "condukt.agent.stop").get("error").unwrap(), "[REDACTED:TOKEN]");
    assert!(!serde_json::to_string(&events).unwrap().contains("s3cr3t"));
}
