//! What the originals leave in, point by point of the reference's list.

use super::*;

const TOKEN: &[(&str, &str)] = &[("GH_TOKEN", "ghp_0123")];

#[test]
fn in_the_results_that_are_errors() {
    let capture = capture(TOKEN);
    capture.scope(|| fails("denied: ghp_0123".to_owned())).unwrap_err();
    // In generic code it is a value like any other.
    capture.scope(|| echo(Err::<(), _>("ghp_0123"))).unwrap_err();
    let stops = capture.named("condukt.tool_call.stop");
    assert_eq!(stops[0].get("error").unwrap(), "denied: [REDACTED:GH_TOKEN]");
    assert_eq!(stops[1].get("result").unwrap(), &json!({"Err": "[REDACTED:GH_TOKEN]"}));
    assert_eq!(stops[1].get("args").unwrap(), &json!({"input": {"Err": "[REDACTED:GH_TOKEN]"}}));
}

#[derive(Serialize)]
struct Nested {
    field: (u8, [Option<&'static str>; 1]),
    map: BTreeMap<&'static str, Vec<Kind>>,
}

#[derive(Serialize)]
enum Kind {
    Unit,
    Tuple(&'static str, u8),
    Struct { key: &'static str },
}

#[test]
fn in_structs_tuples_and_keys() {
    let nested = Nested {
        field: (1, [Some("ghp_0123")]),
        map: BTreeMap::from([(
            "by ghp_0123",
            vec![Kind::Unit, Kind::Tuple("ghp_0123", 2), Kind::Struct { key: "ghp_0123" }],
        )]),
    };
    assert_eq!(
        shown(TOKEN, nested),
        json!({
            "field": [1, ["[REDACTED:GH_TOKEN]"]],
            "map": {"by [REDACTED:GH_TOKEN]": [
                "Unit",
                {"Tuple": ["[REDACTED:GH_TOKEN]", 2]},
                {"Struct": {"key": "[REDACTED:GH_TOKEN]"}},
            ]},
        })
    );
}

#[test]
fn in_arguments_messages_replies_and_reasons() {
    let capture = capture(TOKEN);
    capture.scope(|| {
        echo("ghp_0123");
        in_span!(llm_turn, model = "m", turn = 0, messages = ["use ghp_0123"],
                stop(|reply| assistant_message = reply);
                || "I used ghp_0123");
    });
    let panics = || in_span!(operation, operation = "op"; || -> () { panic!("no ghp_0123") });
    assert!(catch_unwind(AssertUnwindSafe(|| capture.scope(panics))).is_err());
    let events = capture.events();
    let tool = only(&events, "condukt.tool_call.stop");
    assert_eq!(tool.get("args").unwrap(), &json!({"input": "[REDACTED:GH_TOKEN]"}));
    assert_eq!(tool.get("result").unwrap(), "[REDACTED:GH_TOKEN]");
    let turn = only(&events, "condukt.llm_turn.stop");
    assert_eq!(turn.get("messages").unwrap(), &json!(["use [REDACTED:GH_TOKEN]"]));
    assert_eq!(turn.get("assistant_message").unwrap(), "I used [REDACTED:GH_TOKEN]");
    let exception = only(&events, "condukt.operation.exception");
    assert_eq!(exception.get("reason").unwrap(), "no [REDACTED:GH_TOKEN]");
    assert!(!exception.get("stacktrace").unwrap().as_array().unwrap().is_empty());
}

#[inline(never)]
fn frame_with_a_name_ghp_0123() {
    panic!("boom");
}

#[test]
fn in_stack_traces() {
    let capture = capture(&[("FRAME", "frame_with_a_name_ghp_0123")]);
    let panics = || in_span!(operation, operation = "op"; || frame_with_a_name_ghp_0123());
    assert!(catch_unwind(AssertUnwindSafe(|| capture.scope(panics))).is_err());
    let exception = &capture.named("condukt.operation.exception")[0];
    let frames = exception.get("stacktrace").unwrap().to_string();
    assert!(frames.contains("::[REDACTED:FRAME]") && !frames.contains("ghp_0123"), "{frames}");
}

#[test]
fn of_secrets_within_others() {
    for order in [[("LONG", "token-long"), ("SHORT", "token")], [("SHORT", "token"), ("LONG", "token-long")]]
    {
        assert_eq!(shown(&order, "a token-long, a token"), "a [REDACTED:LONG], a [REDACTED:SHORT]");
    }
    let overlapping = [("A", "start-middle"), ("B", "middle-of-end")];
    assert_eq!(shown(&overlapping, "<start-middle-of-end>"), "<[REDACTED:B]>");
}

#[test]
fn of_secrets_within_placeholders() {
    let secrets = [("A", "hunter2!"), ("X", "REDACTED"), ("Y", "[REDACTED:A]"), ("Z", "ACTED:A")];
    assert_eq!(shown(&secrets, "hunter2! REDACTED"), "[REDACTED:A] [REDACTED:X]");
    assert_eq!(shown(&secrets, "[REDACTED:A]"), "[REDACTED:Y]");
}

#[test]
fn of_secrets_that_are_short() {
    let error = Secrets::resolve([("PIN", "123")]).unwrap_err();
    assert_eq!(error, SecretsError::TooShort("PIN".to_owned()));
    assert!(!error.to_string().contains("123"));
    assert_eq!(shown(&[("PIN", "1234")], "1234"), "[REDACTED:PIN]");
}
