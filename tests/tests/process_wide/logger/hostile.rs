//! No value of an event makes the logger fail or break its line.

use super::*;

/// All keys and measurements of all events.
fn all_keys() -> BTreeSet<&'static str> {
    let of_spans = telemetry_catalogue::SPANS.iter().flat_map(|span| span.start.iter().chain(span.stop));
    let of_events =
        telemetry_catalogue::EVENTS.iter().flat_map(|event| event.measurements.iter().chain(event.metadata));
    let common = telemetry_catalogue::START
        .iter()
        .chain(telemetry_catalogue::END)
        .chain(telemetry_catalogue::STOP)
        .chain(telemetry_catalogue::EXCEPTION);
    let context =
        ["agent", "session_id", "parent_session_id", "run_id", "parent_run_id", "iteration", "tool_call_id"];
    of_spans.chain(of_events).chain(common).map(|field| field.key).chain(context).collect()
}

fn hostile() -> Vec<Value> {
    let mut deep = json!("deep");
    for level in 0..100 {
        deep = if level % 2 == 0 { json!([deep]) } else { json!({"k\n": deep}) };
    }
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!(""),
        json!("error"),
        json!("\u{1b}[2J\u{1b}]0;title\u{7}\r\n\t\0\u{8}\u{7f}"),
        json!("\u{9b}31m\u{85}\u{2028}\u{2029}"),
        json!("\u{202e}reversed\u{2066}isolated\u{200f}\u{61c}\u{feff}"),
        json!("a::b<c::d<e>>::f::"),
        json!("<<<>>>::"),
        json!("é".repeat(20_000)),
        json!("👩‍👩‍👧".repeat(50)),
        json!(["\n", {"\u{1b}[31m": "\u{1b}"}, (vec!["x"; 500])]),
        deep,
    ]
}

/// One line, short, without anything that moves the cursor or turns text around.
fn assert_harmless(line: &str) {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let bad = line.chars().find(|c| !harmless(*c));
    assert_eq!(bad, None, "{line:?}");
    // Six shortened values at the most, each with every character escaped.
    assert!(line.chars().count() < 6 * 80 * 10, "{} characters", line.chars().count());
}

#[test]
fn no_value_makes_it_fail_or_break_the_line() {
    let _alone = alone();
    let keys = all_keys();
    let hostile = hostile();
    let lines = logged(|| {
        for value in &hostile {
            let map: serde_json::Map<_, _> =
                keys.iter().map(|key| ((*key).to_owned(), value.clone())).collect();
            for name in all_names() {
                execute(&EventName::parse(name).unwrap(), &map, &map).unwrap();
            }
        }
    });
    assert_eq!(lines.len(), all_names().len() * hostile.len());
    for line in &lines {
        assert_harmless(line);
    }
}

#[test]
fn no_type_makes_it_fail() {
    struct Panics;

    impl Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("not me\n");
        }
    }

    impl fmt::Display for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    let _alone = alone();
    let lines = logged(|| {
        in_span!(llm_turn, model = %Panics, turn = u64::MAX, messages = Panics, stop(|()| usage = Panics, finish_reason = ?"\u{1b}"); || ());
        let huge = "x".repeat(5_000_000);
        in_span!(tool_call, tool = &huge, args = json!({"huge": huge}); || Err::<(), _>(&huge)).unwrap_err();
        let secret = Secrets::resolve([("TOKEN", "tok\u{1b}en")]).unwrap();
        Context::current().with_agent("\n").with_secrets(secret).scope(|| {
            in_span!(agent; || ());
            in_span!(tool_call, tool = "tok\u{1b}en", args = (); || ());
        });
        Context::current().with_session_id("\u{1b}").with("status", "error\n").scope(|| in_span!(run; || ()));
    });
    assert_eq!(lines.len(), 12);
    for line in &lines {
        assert_harmless(line);
        assert!(!line.contains("tok"), "{line}");
    }
    assert_eq!(lines[0], format!("┃ llm:start <unserialisable: Panics> #{}", u64::MAX));
}
