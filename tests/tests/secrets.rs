//! No event shows a secret, wherever it stands and however it is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    Context, ErrorType, Event, EventMetadata, EventName, LoggerOptions, OwnedEvent, Secrets, SecretsError,
    SpanHook, SpanStart, StartedSpan, agent_span, attach, attach_default_logger, attach_hook, attach_typed,
    condukt, detach, detach_default_logger, detach_hook, emit, event_name, event_names, execute, in_span,
    queue, record, tool_call,
};

/// With a quote, a newline and a backslash, as a private key in a configuration has.
const KEY: &str = "-----BEGIN KEY-----\nMII\"Evg\\IBAD+A/NBgk=\n-----END KEY-----";

fn capture(secrets: &[(&str, &str)]) -> Capture {
    let secrets = Secrets::resolve(secrets.iter().copied()).unwrap();
    testing::capture().with_context(|context| context.with_secrets(secrets))
}

/// What becomes of a text in an event.
fn shown(secrets: &[(&str, &str)], text: impl Serialize) -> Json {
    let capture = capture(secrets);
    capture.scope(|| in_span!(operation, operation = "op", fields("text" = text); || ()));
    capture.named("condukt.operation.stop")[0].get("text").unwrap_or(&Json::Null).clone()
}

/// A tool that gives back what it is given.
#[tool_call]
fn echo<T: Serialize>(input: T) -> T {
    input
}

#[tool_call]
fn fails(input: String) -> Result<(), String> {
    Err(input)
}

/// What the originals leave in, point by point of the reference's list.
mod leaks_of_the_originals {
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
        for order in
            [[("LONG", "token-long"), ("SHORT", "token")], [("SHORT", "token"), ("LONG", "token-long")]]
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
}

/// How a secret may be written.
mod forms {
    use super::*;

    fn hidden(text: impl Serialize) -> Json {
        shown(&[("KEY", KEY)], text)
    }

    #[test]
    fn as_it_is() {
        assert_eq!(hidden(KEY), "[REDACTED:KEY]");
        assert_eq!(hidden(format!("<{KEY}{KEY}>")), "<[REDACTED:KEY][REDACTED:KEY]>");
        assert_eq!(hidden(json!({KEY: {KEY: 1}})), json!({"[REDACTED:KEY]": {"[REDACTED:KEY]": 1}}));
    }

    #[test]
    fn in_debug_text() {
        #[derive(Debug)]
        #[allow(dead_code, reason = "for its `Debug`")]
        struct Config {
            key: &'static str,
            bytes: Vec<u8>,
            chars: Vec<char>,
        }
        let config = Config { key: KEY, bytes: KEY.as_bytes().to_vec(), chars: KEY.chars().collect() };
        let expected = "Config { key: \"[REDACTED:KEY]\", bytes: [[REDACTED:KEY]], chars: [[REDACTED:KEY]] }";
        assert_eq!(hidden(format!("{config:?}")), expected);
        let pretty = hidden(format!("{config:#?}"));
        assert_eq!(pretty.as_str().unwrap().matches("[REDACTED:KEY]").count(), 3, "{pretty}");
        assert_eq!(hidden(format!("b\"{}\"", KEY.as_bytes().escape_ascii())), "b\"[REDACTED:KEY]\"");
        assert_eq!(hidden(KEY.escape_unicode().to_string()), "[REDACTED:KEY]");
        assert_eq!(shown(&[("E", "pässwörd😀")], "p\\u{e4}ssw\\u{f6}rd\\u{1f600}"), "[REDACTED:E]");
        assert_eq!(shown(&[("E", "pässwörd")], "b\"p\\xc3\\xa4ssw\\xc3\\xb6rd\""), "b\"[REDACTED:E]\"");
    }

    #[test]
    fn in_json_in_a_string() {
        let once = json!({"key": KEY, "more": [1]}).to_string();
        assert_eq!(hidden(&once), "{\"key\":\"[REDACTED:KEY]\",\"more\":[1]}");
        let twice = json!({"body": once}).to_string();
        assert_eq!(hidden(&twice), r#"{"body":"{\"key\":\"[REDACTED:KEY]\",\"more\":[1]}"}"#);
        let thrice = json!([twice]).to_string();
        assert!(hidden(&thrice).as_str().unwrap().contains(r#":\\\"[REDACTED:KEY]\\\","#), "{thrice}");
        let ascii = r#""p\u00e4ssw\u00f6rd\ud83d\ude00""#;
        assert_eq!(shown(&[("E", "pässwörd😀")], ascii), "\"[REDACTED:E]\"");
        assert_eq!(shown(&[("URL", "https://u:p@h/")], r#""https:\/\/u:p@h\/""#), "\"[REDACTED:URL]\"");
        assert_eq!(hidden(json!({"key": KEY.as_bytes()}).to_string()), "{\"key\":[[REDACTED:KEY]]}");
    }

    #[test]
    fn as_bytes_and_characters() {
        let spelled: Vec<u8> = b"[REDACTED:KEY]".to_vec();
        assert_eq!(hidden(KEY.as_bytes()), json!(spelled));
        let chars: Vec<char> = "<[REDACTED:KEY]>".chars().collect();
        assert_eq!(hidden(format!("<{KEY}>").chars().collect::<Vec<_>>()), json!(chars));
        // Among others that are no bytes, or no single characters.
        let mut among = vec![json!(1000), json!(null)];
        among.extend(KEY.bytes().map(Json::from));
        among.push(json!("end"));
        let mut expected = vec![json!(1000), json!(null)];
        expected.extend(spelled.iter().copied().map(Json::from));
        expected.push(json!("end"));
        assert_eq!(hidden(among), json!(expected));
        // As `i8`, and where it is no ASCII.
        let signed: Vec<i8> = "é: pässwörd".bytes().map(u8::cast_signed).collect();
        let text = shown(&[("E", "pässwörd")], signed).to_string();
        assert_eq!(
            text,
            json!([-61, -87, 58, 32]).to_string().replace(']', ",91,82,69,68,65,67,84,69,68,58,69,93]")
        );
        // A secret that is one character.
        assert_eq!(shown(&[("E", "😀")], ["a", "😀"]).to_string().matches('😀').count(), 0);
    }

    #[test]
    fn in_base64_at_each_alignment() {
        for (engine, name) in [
            (STANDARD, "std"),
            (STANDARD_NO_PAD, "no pad"),
            (URL_SAFE, "url"),
            (URL_SAFE_NO_PAD, "url no pad"),
        ] {
            for before in ["", "u", "us", "use", "user:"] {
                for after in ["", "!", "!!", "!!!", "\n"] {
                    let text = format!("Basic {}", engine.encode(format!("{before}{KEY}{after}")));
                    let shown = hidden(&text);
                    let shown = shown.as_str().unwrap();
                    assert!(shown.starts_with("Basic "), "{name} {before:?} {after:?}: {shown}");
                    assert!(shown.contains("[REDACTED:KEY]"), "{name} {before:?} {after:?}: {shown}");
                    assert!(shown.len() < 14 + 6 + 12, "{name} {before:?} {after:?}: {shown}");
                }
            }
        }
        // As short as may be.
        for before in ["", "u", "us"] {
            let shown = shown(&[("PIN", "9876")], URL_SAFE_NO_PAD.encode(format!("{before}9876")));
            assert!(shown.as_str().unwrap().contains("[REDACTED:PIN]"), "{shown}");
        }
    }

    /// As in mail and in PEM files.
    #[test]
    fn in_base64_of_several_lines() {
        for end in ["\n", "\r\n", "\n    "] {
            let mut text = String::from("data: |\n    ");
            for line in STANDARD.encode(format!("before {KEY} after")).as_bytes().chunks(24) {
                write!(text, "{}{end}", std::str::from_utf8(line).unwrap()).unwrap();
            }
            let shown = hidden(&text);
            assert!(shown.as_str().unwrap().contains("[REDACTED:KEY]"), "{shown}");
            assert!(shown.as_str().unwrap().len() < 80, "{shown}");
        }
    }

    #[test]
    fn percent_encoded() {
        let all: String = KEY.bytes().fold(String::new(), |mut all, byte| {
            write!(all, "%{byte:02x}").unwrap();
            all
        });
        let encoded = utf8_percent_encode(KEY, NON_ALPHANUMERIC).to_string();
        for text in [&encoded, &encoded.to_lowercase(), &all, &all.to_uppercase()] {
            // Lower-casing is not only that of the digits.
            if text == &encoded.to_lowercase() {
                continue;
            }
            assert_eq!(hidden(format!("https://h/?k={text}&x=1")), "https://h/?k=[REDACTED:KEY]&x=1");
        }
        let form = shown(&[("WORDS", "pass word&more")], "k=pass+word%26more&x=a+b");
        assert_eq!(form, "k=[REDACTED:WORDS]&x=a+b");
        let twice = utf8_percent_encode(&encoded, NON_ALPHANUMERIC).to_string();
        assert_eq!(hidden(twice), "[REDACTED:KEY]");
    }

    #[test]
    fn in_one_within_another() {
        let basic = STANDARD.encode(format!("user:{KEY}"));
        let query = format!("auth={}", utf8_percent_encode(&basic, NON_ALPHANUMERIC));
        assert!(!hidden(json!({"url": query}).to_string()).to_string().contains("TUlJ"));
        let token = URL_SAFE_NO_PAD.encode(json!({"sub": 1, "key": KEY}).to_string());
        let shown = hidden(format!("Bearer e30.{token}.c2ln"));
        assert!(shown.as_str().unwrap().contains("[REDACTED:KEY]"), "{shown}");
    }

    #[test]
    fn as_a_number() {
        let secrets = [("PIN", "123456")];
        assert_eq!(shown(&secrets, 123_456), "[REDACTED:PIN]");
        assert_eq!(shown(&secrets, 91_234_560_u64), "9[REDACTED:PIN]0");
        assert_eq!(shown(&secrets, -123_456.5), "-[REDACTED:PIN].5");
        assert_eq!(shown(&secrets, u128::MAX), u128::MAX.to_string());
        assert_eq!(shown(&secrets, BTreeMap::from([(123_456, 1)])), json!({"[REDACTED:PIN]": 1}));
    }

    /// These are said not to be recognised.
    #[test]
    fn but_not_cut_recased_or_hashed() {
        assert_eq!(shown(&[("T", "abcdefgh")], json!(["abcd", "efgh"])), json!(["abcd", "efgh"]));
        assert_eq!(shown(&[("T", "abcdefgh")], "ABCDEFGH"), "ABCDEFGH");
        assert_eq!(shown(&[("T", "abcdefgh")], "hgfedcba"), "hgfedcba");
    }

    #[test]
    fn other_text_is_left_alone() {
        for text in [
            "nothing to hide, 100% of it + \\n and \\u{zz} %zz %4 \\x4 \\ud800 \\",
            "aGVsbG8gd29ybGQ= and 1, 2, 3 and 'a', 'b' and [104, 300]",
            "naïve 😀 \u{0}",
        ] {
            assert_eq!(hidden(text), text);
        }
        let values = json!({"a": [1, 2.5, null, true, "x"], "b": {"c": [104, 101], "d": ["a", "b"]}});
        assert_eq!(hidden(values.clone()), values);
    }

    #[test]
    fn keys_that_become_one_are_kept_apart() {
        let map = json!({"ab-12345": 1, "cd-12345": 2, "[REDACTED:K]": 3, "x": 4});
        let shown = shown(&[("K", "ab-12345"), ("K", "cd-12345")], map.clone());
        assert_eq!(shown.as_object().unwrap().len(), 4, "{shown}");
        let one_name = testing::capture().with_context(|context| {
            let secret = |value: &str| Secrets::resolve([("K", value)]).unwrap();
            context.with_secrets(secret("ab-12345")).with_secrets(secret("cd-12345"))
        });
        one_name.scope(|| in_span!(operation, operation = "op", fields("text" = map); || ()));
        let stop = &one_name.named("condukt.operation.stop")[0];
        let shown = stop.get("text").unwrap();
        assert_eq!(shown.as_object().unwrap().len(), 4, "{shown}");
        assert!(!shown.to_string().contains("12345"), "{shown}");
    }
}

/// Whatever reads an event.
mod readers {
    use super::*;

    const TOKEN: (&str, &str) = ("TOKEN", "tok-0123456789");

    /// Collects what `tracing` is told.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl tracing::Subscriber for Lines {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            struct Message(String);
            impl tracing::field::Visit for Message {
                fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                    write!(self.0, "{field}={value:?} ").unwrap();
                }
            }
            let mut message = Message(String::new());
            event.record(&mut message);
            self.0.lock().unwrap().push(message.0);
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    fn context() -> Context {
        Context::new().with_secrets(Secrets::resolve([TOKEN]).unwrap())
    }

    #[agent_span(agent, agent = "secrets-readers")]
    fn work(input: &str) -> Result<(), String> {
        echo(input.to_owned());
        Err(format!("failed with {input}"))
    }

    #[test]
    fn handlers_in_every_way() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        let context = context().with_handler(event_names!["condukt.**"], move |event: &Event<'_>| {
            let mut seen = sink.lock().unwrap();
            seen.push(format!("{event:?}"));
            seen.push(serde_json::to_string(event).unwrap());
            seen.push(serde_json::to_string(&OwnedEvent::from(event)).unwrap());
            let metadata = event.metadata();
            seen.push(format!("{metadata:?}"));
            seen.push(metadata.deserialize::<Json>().unwrap().to_string());
            for (key, value) in metadata.iter().chain(event.measurements().iter()) {
                seen.push(format!("{key} {value} {value:?} {:?} {}", value.as_str(), value.to_json()));
                seen.push(format!("{:?}", value.deserialize::<Json>()));
                seen.extend(metadata.get_str(key).map(str::to_owned));
            }
        });
        context.scope(|| work(TOKEN.1)).unwrap_err();
        let seen = seen.lock().unwrap();
        assert!(seen.iter().any(|text| text.contains("[REDACTED:TOKEN]")));
        assert!(!seen.iter().any(|text| text.contains(TOKEN.1)), "{seen:#?}");
    }

    #[test]
    fn typed_handlers() {
        let (sender, seen) = std::sync::mpsc::channel();
        attach_typed("secrets-typed", move |stop: &condukt::OperationStop<'_>| {
            if stop.operation().is_some_and(|operation| operation.contains("secrets-typed")) {
                sender.send(format!("{stop:?} {:?} {:?}", stop.operation(), stop.error())).unwrap();
            }
        })
        .unwrap();
        let failed = context().scope(|| {
            in_span!(operation, operation = format!("secrets-typed {}", TOKEN.1); || Err::<(), _>(TOKEN.1))
        });
        failed.unwrap_err();
        detach("secrets-typed").unwrap();
        let text = seen.recv().unwrap();
        assert!(text.contains("[REDACTED:TOKEN]") && !text.contains(TOKEN.1), "{text}");
    }

    #[test]
    fn queues() {
        let (sender, seen) = std::sync::mpsc::channel();
        let queue = queue(16, move |event: &Event<'_>| sender.send(format!("{event:?}")).unwrap()).unwrap();
        let context = context().with_handler(event_names!["condukt.**"], queue.clone());
        context.scope(|| work(TOKEN.1)).unwrap_err();
        assert!(queue.flush(Duration::from_secs(60)));
        let seen: Vec<String> = seen.try_iter().collect();
        assert_eq!(seen.len(), 5, "{seen:?}");
        assert!(!seen.iter().any(|text| text.contains(TOKEN.1)), "{seen:#?}");
    }

    #[test]
    fn span_hooks() {
        struct Hook(std::sync::mpsc::Sender<String>);
        impl SpanHook for Hook {
            fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
                let operation = start.text("operation").unwrap_or_default();
                if operation.starts_with("secrets-hook") {
                    self.0.send(format!("{:?} {operation}", start.agent())).unwrap();
                }
                StartedSpan::default()
            }
        }
        let (sender, seen) = std::sync::mpsc::channel();
        attach_hook("secrets-hook", Hook(sender)).unwrap();
        let operation = || format!("secrets-hook {}", TOKEN.1);
        context().with_agent(TOKEN.1).scope(|| {
            in_span!(operation, operation = operation(); || ());
            in_span!(operation, operation = operation(), agent = format!("my {}", TOKEN.1); || ());
        });
        detach_hook("secrets-hook").unwrap();
        assert_eq!(
            seen.try_iter().collect::<Vec<_>>(),
            [
                r#"Some("[REDACTED:TOKEN]") secrets-hook [REDACTED:TOKEN]"#,
                r#"Some("my [REDACTED:TOKEN]") secrets-hook [REDACTED:TOKEN]"#
            ]
        );
    }

    #[test]
    fn the_default_logger_and_the_failure_of_a_handler() {
        let lines = Lines::default();
        // While there is one subscriber only, `tracing` asks that of the thread that comes first.
        let _another = tracing::Dispatch::new(Lines::default());
        tracing::subscriber::with_default(lines.clone(), || {
            attach_default_logger(LoggerOptions::default()).unwrap();
            let context = context().with_handler(event_names!["condukt.agent.start"], |event: &Event<'_>| {
                panic!("cannot handle {} of {}", event.name(), TOKEN.1);
            });
            let capture = testing::capture();
            let context = capture.with_context(|_| context);
            context.scope(|| work(TOKEN.1)).unwrap_err();
            detach_default_logger().unwrap();
        });
        let lines = lines.0.lock().unwrap();
        let about = |word: &str| lines.iter().filter(|line| line.contains(word)).count();
        assert_eq!(about("tool:start"), 1, "{lines:#?}");
        assert_eq!(about("has been detached"), 1, "{lines:#?}");
        assert!(about("[REDACTED:TOKEN]") == 3, "{lines:#?}");
        assert_eq!(about(TOKEN.1), 0, "{lines:#?}");
    }

    #[test]
    fn failure_events_whose_text_is_replaced_once() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        let context = Context::new()
            .with_secrets(Secrets::resolve([TOKEN, ("WORD", "REDACTED")]).unwrap())
            .with_handler(event_name!("telemetry.handler.failure"), move |event: &Event<'_>| {
                sink.lock().unwrap().push(OwnedEvent::from(event));
            })
            .with_handler(event_name!("condukt.agent.start"), |_: &Event<'_>| panic!("oh {}", TOKEN.1));
        context.scope(|| work("")).unwrap_err();
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0].get("reason").unwrap(), "oh [REDACTED:TOKEN]");
    }

    #[test]
    fn events_sent_back_to_other_processes() {
        let context =
            context().with(TOKEN.1, 1).with("note", format!("my {}", TOKEN.1)).with_session_id(TOKEN.1);
        let mut headers = std::collections::HashMap::new();
        context.inject(&mut headers);
        assert!(!format!("{headers:?}").contains(TOKEN.1), "{headers:?}");
        assert!(headers["baggage"].contains("note=my%20[REDACTED:TOKEN]"), "{headers:?}");
    }
}

/// Whatever an event is made of.
mod sources {
    use super::*;

    const TOKEN: (&str, &str) = ("TOKEN", "tok-0123456789");

    struct Failure;

    impl std::fmt::Display for Failure {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(TOKEN.1)
        }
    }

    impl ErrorType for Failure {
        fn error_type(&self) -> String {
            TOKEN.1.to_owned()
        }
    }

    /// What a caller's request leads to is one trace, however many spans of ours are its children.
    #[test]
    fn a_secret_of_another_span_of_the_callers_trace() {
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let headers = std::collections::HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
        let (sender, seen) = std::sync::mpsc::channel();
        let hears = move |event: &Event<'_>| {
            sender.send(event.metadata().get("operation").unwrap().to_json()).unwrap();
        };
        Context::extract(&headers).with_handler(event_names!["condukt.operation.stop"], hears).scope(|| {
            in_span!(run; || {
                let secrets = Secrets::resolve([TOKEN]).unwrap();
                Context::current().with_secrets(secrets).scope(|| ());
            });
            in_span!(operation, operation = format!("with {}", TOKEN.1); || ());
        });
        assert_eq!(seen.recv().unwrap(), "with [REDACTED:TOKEN]");
    }

    #[derive(EventMetadata)]
    #[event("secrets.own.event")]
    struct Own<'a> {
        #[event(measurement)]
        size: u64,
        text: &'a str,
        #[event(debug)]
        bytes: &'a [u8],
    }

    #[derive(EventMetadata)]
    #[span("secrets.own", stop(seen))]
    struct OwnSpan<'a> {
        text: &'a str,
    }

    #[agent_span(OwnSpan { text }, fields("more" = ?text, "bytes" = text.as_bytes()), stop(|value| seen = value))]
    fn own(text: &str) -> String {
        record!(OwnSpan, seen = text);
        text.to_owned()
    }

    #[test]
    fn every_key_of_every_event() {
        let capture = capture(&[TOKEN, ("PIN", "31415926")]).with_context(|context| {
            context
                .with_session_id(TOKEN.1)
                .with_tool_call_id(TOKEN.1)
                .with("note", TOKEN.1)
                .with(TOKEN.1, "x")
        });
        capture.scope(|| {
            Own { size: 31_415_926, text: TOKEN.1, bytes: TOKEN.1.as_bytes() }.emit();
            own(TOKEN.1);
            emit!(
                compact,
                duration = Duration::from_nanos(31_415_926),
                before = 31_415_926,
                after = 1,
                fields("why" = TOKEN.1)
            );
            in_span!(agent, agent = TOKEN.1; || {
                in_span!(operation, operation = TOKEN.1; || Err::<(), _>(Failure)).unwrap_err();
                in_span!(sandbox_eval, code = TOKEN.1; || ());
                echo(TOKEN.1);
            });
            let name = EventName::parse("secrets.run.time").unwrap();
            let measurements = json!({"duration": 31_415_926, "system_time": TOKEN.1, TOKEN.1: 1});
            execute(&name, &measurements, &json!({"key": TOKEN.1, TOKEN.1: {TOKEN.1: TOKEN.1}})).unwrap();
        });
        let events = capture.events();
        assert!(events.len() > 12);
        let text = serde_json::to_string(&events).unwrap();
        assert!(!text.contains(TOKEN.1), "{text}");
        assert!(!text.contains("31415926"), "{text}");
        let run_time = only(&events, "secrets.run.time");
        assert_eq!(run_time.measurements["duration"], "[REDACTED:PIN]");
        assert_eq!(run_time.measurements["[REDACTED:TOKEN]"], 1);
    }

    /// Handlers are called by the name that was meant.
    #[test]
    fn a_name_made_at_run_time() {
        let capture = testing::capture_only(event_names!["secrets.named.hunter22.*"])
            .with_context(|context| context.with_secrets(Secrets::resolve([("PASS", "hunter22")]).unwrap()));
        let name = EventName::parse("secrets.named.hunter22.paid").unwrap();
        capture.scope(|| execute(&name, &(), &()).unwrap());
        assert_eq!(capture.names(), ["secrets.named.[REDACTED:PASS].paid"]);
    }

    #[tokio::test]
    async fn the_items_of_a_stream() {
        #[agent_span(llm_turn, model = "m", turn = 0, messages = "m", stream,
            item(|item| assistant_message = item))]
        fn deltas() -> impl futures::Stream<Item = String> {
            futures::stream::iter([format!("<{}>", TOKEN.1)])
        }
        let capture = capture(&[TOKEN]);
        capture.follow(async { futures::StreamExt::count(deltas()).await }).await;
        let stop = &capture.named("condukt.llm_turn.stop")[0];
        assert_eq!(stop.get("assistant_message").unwrap(), "<[REDACTED:TOKEN]>");
    }

    /// A documented key is no content, whatever a secret may be called.
    #[test]
    fn the_names_of_documented_keys_stay() {
        let capture = capture(&[("A", "tool"), ("B", "status")]);
        capture.scope(|| echo("a tool's status"));
        let stop = &capture.named("condukt.tool_call.stop")[0];
        assert_eq!(stop.get("tool").unwrap(), "echo");
        assert_eq!(stop.get("status").unwrap(), "ok");
        assert_eq!(stop.get("result").unwrap(), "a [REDACTED:A]'s [REDACTED:B]");
    }

    #[test]
    fn the_times_of_a_span_stay() {
        let capture = testing::capture()
            .deterministic(&testing::FakeClock::new(), 1)
            .with_context(|context| context.with_secrets(Secrets::resolve([("A", "17040672")]).unwrap()));
        capture.scope(|| echo(17_040_672));
        let start = &capture.named("condukt.tool_call.start")[0];
        assert_eq!(start.measurements["system_time"], 1_704_067_200_000_000_000_u64);
        assert_eq!(start.get("args").unwrap(), &json!({"input": "[REDACTED:A]"}));
    }
}

/// Which secrets are known, and where.
mod scope {
    use super::*;

    #[test]
    fn one_resolved_inside_an_open_span_counts_for_that_spans_stop() {
        let capture = testing::capture();
        capture.scope(|| {
            in_span!(run; || {
                in_span!(operation, operation = "op", stop(|value| error = value); || {
                    let secrets = Secrets::resolve([("LATE", "late-secret")]).unwrap();
                    let context = Context::current().with_secrets(secrets);
                    context.scope(|| echo("late-secret"));
                    "late-secret"
                })
            });
            in_span!(operation, operation = "late-secret of another trace"; || ());
        });
        let stops = capture.named("condukt.operation.stop");
        let text = stops[0].metadata.values().map(Json::to_string).collect::<String>();
        assert!(!text.contains("late-secret"), "{text}");
        assert_eq!(stops[1].get("operation").unwrap(), "late-secret of another trace");
    }

    #[tokio::test]
    async fn one_resolved_in_a_task_counts_for_the_whole_trace() {
        let capture = testing::capture();
        let work = async {
            in_span!(agent, agent = "a", stop(|value| error = value); async {
                let task = telemetry_runtime::InContext::in_current_context(async {
                    let secrets = Secrets::resolve([("LATE", "late-secret")]).unwrap();
                    let _inside = Context::current().with_secrets(secrets);
                    "late-secret"
                });
                tokio::spawn(task).await.unwrap()
            })
            .await
        };
        capture.follow(work).await;
        let stop = &capture.named("condukt.agent.stop")[0];
        assert_eq!(stop.get("error").unwrap(), "[REDACTED:LATE]");
    }

    #[test]
    fn of_two_of_one_name_both_stay_hidden() {
        let secret = |value: &str| Secrets::resolve([("K", value)]).unwrap();
        let capture = testing::capture().with_context(|context| {
            context.with_secrets(secret("first-value")).with_secrets(secret("second-value"))
        });
        assert_eq!(capture.context().secrets().unwrap().get("K"), Some("second-value"));
        capture.scope(|| echo("first-value second-value"));
        let stop = &capture.named("condukt.tool_call.stop")[0];
        assert_eq!(stop.get("result").unwrap(), "[REDACTED:K] [REDACTED:K]");
    }

    #[test]
    fn they_are_announced_by_name_only() {
        let capture = capture(&[("B_KEY", "bbbb-secret"), ("A_KEY", "aaaa-secret")]);
        capture.scope(|| echo("x"));
        let events = capture.events();
        let resolve = only(&events, "condukt.secrets.resolve");
        assert_eq!(resolve.measurements["count"], 2);
        assert_eq!(resolve.get("names").unwrap(), &json!(["A_KEY", "B_KEY"]));
        let access = only(&events, "condukt.secrets.access");
        assert_eq!(access.measurements["count"], 2);
        assert_eq!(access.get("tool").unwrap(), "echo");
        let order: Vec<&str> = events.iter().map(|event| &*event.name).collect();
        assert_eq!(
            order,
            [
                "condukt.secrets.resolve",
                "condukt.tool_call.start",
                "condukt.secrets.access",
                "condukt.tool_call.stop"
            ]
        );
    }

    /// The access names its tool also where nobody sees the tool's own events.
    #[test]
    fn an_access_is_complete_for_a_handler_of_nothing_else() {
        let (sender, seen) = std::sync::mpsc::channel();
        attach("secrets-access", event_name!("condukt.secrets.access"), move |event: &Event<'_>| {
            if event.metadata().get_str("session_id") == Some("secrets-access") {
                sender.send(event.metadata().get("tool").map(|tool| tool.to_json())).unwrap();
            }
        })
        .unwrap();
        let secrets = Secrets::resolve([("KEY", "some-secret")]).unwrap();
        let context = Context::new().with_session_id("secrets-access").with_secrets(secrets);
        context.scope(|| echo(1));
        detach("secrets-access").unwrap();
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), [Some(json!("echo"))]);
    }

    #[test]
    fn names_and_values_are_checked_and_never_shown() {
        for name in ["", "1A", "A-B", "A B", "É"] {
            assert_eq!(
                Secrets::resolve([(name, "long enough")]).unwrap_err(),
                SecretsError::Name(name.to_owned())
            );
        }
        let secrets = Secrets::resolve([("_a1", "value-one"), ("_a1", "value-two")]).unwrap();
        assert_eq!((secrets.len(), secrets.get("_a1"), secrets.get("b")), (1, Some("value-two"), None));
        assert!(!format!("{secrets:?}").contains("value"));
        assert!(!format!("{:?}", Context::new().with_secrets(secrets)).contains("value"));
        assert!(Secrets::resolve([("", ""); 0]).unwrap().is_empty());
    }
}

/// What it costs.
mod cost {
    use super::*;

    struct Counted<'a>(&'a AtomicUsize);

    impl Serialize for Counted<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.fetch_add(1, Ordering::Relaxed);
            serializer.serialize_str("content")
        }
    }

    #[tool_call]
    fn takes(value: &Counted<'_>) {
        let _ = value;
    }

    /// What nobody reads is not serialised, with or without secrets.
    #[test]
    fn nothing_is_serialised_for_a_handler_that_does_not_look() {
        let secrets = Secrets::resolve([("KEY", "some-secret")]).unwrap();
        for context in [Context::new(), Context::new().with_secrets(secrets)] {
            let count = AtomicUsize::new(0);
            let context = context.with_handler(event_names!["condukt.tool_call.*"], |event: &Event<'_>| {
                assert_eq!(event.metadata().get_str("tool"), Some("takes"));
            });
            context.scope(|| takes(&Counted(&count)));
            assert_eq!(count.load(Ordering::Relaxed), 0);
        }
    }
}
