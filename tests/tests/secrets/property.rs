//! Secrets of every kind, written in every way, put anywhere: none comes out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use proptest::prelude::*;
use proptest::sample::Index;
use serde::Serialize;
use serde_json::{Value as Json, json};
use telemetry_runtime::{
    Context, Event, EventMetadata, EventName, OwnedEvent, Secrets, agent_span, emit, event_names, execute,
    in_span, record, tool_call,
};
use tests::property;

/// How a text is written within another.
#[derive(Clone, Copy, Debug)]
enum Form {
    Json,
    JsonAscii,
    Debug,
    DebugUnicode,
    DebugOfBytes,
    DebugOfChars,
    BytesLiteral,
    Percent,
    PercentAll,
    Query,
    Base64,
    Base64Url,
    Base64Lines,
}

const FORMS: [Form; 13] = [
    Form::Json,
    Form::JsonAscii,
    Form::Debug,
    Form::DebugUnicode,
    Form::DebugOfBytes,
    Form::DebugOfChars,
    Form::BytesLiteral,
    Form::Percent,
    Form::PercentAll,
    Form::Query,
    Form::Base64,
    Form::Base64Url,
    Form::Base64Lines,
];

impl Form {
    fn write(self, text: &str) -> String {
        let bytes = text.as_bytes();
        match self {
            Self::Json => serde_json::to_string(text).unwrap(),
            Self::JsonAscii => {
                let mut units = [0; 2];
                text.chars().flat_map(|c| c.encode_utf16(&mut units).to_vec()).fold(
                    String::new(),
                    |mut out, unit| {
                        write!(out, "\\u{unit:04x}").unwrap();
                        out
                    },
                )
            }
            Self::Debug => format!("{text:?}"),
            Self::DebugUnicode => text.escape_unicode().to_string(),
            Self::DebugOfBytes => format!("{bytes:?}"),
            Self::DebugOfChars => format!("{:?}", text.chars().collect::<Vec<_>>()),
            Self::BytesLiteral => format!("b\"{}\"", bytes.escape_ascii()),
            Self::Percent => percent_encode(bytes, NON_ALPHANUMERIC).to_string(),
            Self::PercentAll => bytes.iter().fold(String::new(), |mut out, byte| {
                write!(out, "%{byte:02x}").unwrap();
                out
            }),
            Self::Query => percent_encode(bytes, NON_ALPHANUMERIC).to_string().replace("%20", "+"),
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
            Self::Base64Lines => {
                let digits = STANDARD.encode(bytes);
                let lines = digits.as_bytes().chunks(20).map(|line| std::str::from_utf8(line).unwrap());
                lines.collect::<Vec<_>>().join("\r\n")
            }
        }
    }

    /// What a text that holds another, written so, must hold: the part that does not depend on what
    /// is around it.
    fn marks(self, text: &str) -> Vec<String> {
        let inner = |written: String, edge: usize| written[edge..written.len() - edge].to_owned();
        match self {
            Self::Json | Self::Debug | Self::DebugOfBytes | Self::DebugOfChars => {
                vec![inner(self.write(text), 1)]
            }
            Self::BytesLiteral => vec![text.as_bytes().escape_ascii().to_string()],
            Self::Base64 | Self::Base64Url => (0..3)
                .map(|before| {
                    let engine = |bytes: &[u8]| match self {
                        Self::Base64 => STANDARD.encode(bytes),
                        _ => URL_SAFE_NO_PAD.encode(bytes),
                    };
                    let digits = engine(&[&[b'x'; 2][..before], text.as_bytes()].concat());
                    let first = (before * 8).div_ceil(6);
                    let last = (before + text.len()) * 8 / 6;
                    digits[first..last].to_owned()
                })
                .collect(),
            // Where its lines end is not known; the digits of the others are looked for without lines.
            Self::Base64Lines => Self::Base64.marks(text),
            _ => vec![self.write(text)],
        }
    }
}

/// A text with a secret in it.
#[derive(Clone, Debug)]
struct Placed {
    secret: Index,
    before: String,
    after: String,
    forms: Vec<(Form, String)>,
}

impl Placed {
    fn write(&self, secrets: &[String]) -> String {
        let bare = format!("{}{}{}", self.before, self.secret.get(secrets), self.after);
        self.forms.iter().fold(bare, |text, (form, before)| format!("{before}{}", form.write(&text)))
    }
}

/// Where it stands.
#[derive(Clone, Debug)]
enum Shape {
    Text(Placed),
    Bytes(Placed),
    Characters(Placed),
    Number(Index),
    List(Vec<Shape>),
    Map(Vec<(Placed, Shape)>),
}

impl Shape {
    fn write(&self, secrets: &[String]) -> Json {
        match self {
            Self::Text(placed) => placed.write(secrets).into(),
            Self::Bytes(placed) => json!(placed.write(secrets).as_bytes()),
            Self::Characters(placed) => json!(placed.write(secrets).chars().collect::<Vec<_>>()),
            Self::Number(secret) => {
                let number = secret.get(secrets).parse::<u64>();
                number.map_or(Json::Null, |number| json!([number, number.cast_signed().wrapping_neg()]))
            }
            Self::List(shapes) => shapes.iter().map(|shape| shape.write(secrets)).collect(),
            Self::Map(entries) => {
                entries.iter().map(|(key, shape)| (key.write(secrets), shape.write(secrets))).collect()
            }
        }
    }
}

fn harmless() -> impl Strategy<Value = String> {
    prop_oneof![
        "",
        "[ -~]{0,6}",
        Just("key=".to_owned()),
        Just("\\".to_owned()),
        Just("é\u{301}\n".to_owned())
    ]
}

fn placed() -> impl Strategy<Value = Placed> {
    let forms = proptest::collection::vec((proptest::sample::select(&FORMS[..]), harmless()), 0..=2);
    (any::<Index>(), harmless(), harmless(), forms).prop_map(|(secret, before, after, forms)| Placed {
        secret,
        before,
        after,
        forms,
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        4 => placed().prop_map(Shape::Text),
        1 => placed().prop_map(Shape::Bytes),
        1 => placed().prop_map(Shape::Characters),
        1 => any::<Index>().prop_map(Shape::Number),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Shape::List),
            proptest::collection::vec((placed(), inner), 0..3).prop_map(Shape::Map),
        ]
    })
}

/// A secret, perhaps made of the ones before.
#[derive(Clone, Debug)]
enum Kind {
    Plain(String),
    Around(Index, String),
    Within(Index),
    Placeholder(usize),
}

fn secrets() -> impl Strategy<Value = Vec<String>> {
    let kind = prop_oneof![
        4 => "[a-zA-Z0-9_-]{6,24}".prop_map(Kind::Plain),
        1 => "[0-9]{10,15}".prop_map(Kind::Plain),
        2 => "[ -~]{6,16}".prop_map(Kind::Plain),
        2 => "([\"'\\\\\n\r\t%+&=/]|[a-z]){6,16}".prop_map(Kind::Plain),
        2 => "[äöüßéñ漢字🔑😀a\u{301}\u{0}]{4,10}".prop_map(Kind::Plain),
        1 => (any::<Index>(), "[a-z\"]{1,4}").prop_map(|(other, more)| Kind::Around(other, more)),
        1 => any::<Index>().prop_map(Kind::Within),
        1 => (0..5_usize).prop_map(Kind::Placeholder),
    ];
    proptest::collection::vec(kind, 1..5).prop_map(|kinds| {
        let mut secrets: Vec<String> = Vec::new();
        for kind in kinds {
            let secret = match kind {
                Kind::Plain(text) => text,
                Kind::Around(_, more) if secrets.is_empty() => more.repeat(6),
                Kind::Around(other, more) => format!("{more}{}{more}", other.get(&secrets)),
                Kind::Within(_) if secrets.is_empty() => "s3cr3t".to_owned(),
                Kind::Within(other) => {
                    let other = other.get(&secrets);
                    other.chars().skip(1).take(6).collect()
                }
                Kind::Placeholder(which) => {
                    ["REDACTED", "[REDACTED:", "REDACTED:K0", "[REDACTED:K0]", "ACTED:K1]"][which].to_owned()
                }
            };
            if secret.len() >= 6 {
                secrets.push(secret);
            }
        }
        if secrets.is_empty() {
            secrets.push("a-secret".to_owned());
        }
        secrets
    })
}

/// Everything that handlers read of events.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn hear(&self, event: &Event<'_>) {
        let mut texts = vec![serde_json::to_string(event).unwrap(), format!("{event:?}")];
        let owned = OwnedEvent::from(event);
        for (key, value) in owned.metadata.iter().chain(&owned.measurements) {
            // Times are ours.
            if !matches!(&**key, "duration" | "system_time" | "monotonic_time") {
                collect(value, &mut texts);
            }
            texts.push(key.clone());
        }
        self.0.lock().unwrap().extend(texts);
    }
}

/// The texts that a value holds, those that lists spell out too.
fn collect(value: &Json, texts: &mut Vec<String>) {
    match value {
        Json::String(text) => texts.push(text.clone()),
        Json::Number(number) => texts.push(number.to_string()),
        Json::Array(items) => {
            let bytes: Vec<u8> =
                items.iter().filter_map(|item| item.as_u64().and_then(|byte| byte.try_into().ok())).collect();
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
            let is_char = |text: &&str| text.chars().count() == 1;
            texts.push(items.iter().filter_map(Json::as_str).filter(is_char).collect());
            for item in items {
                collect(item, texts);
            }
        }
        Json::Object(map) => {
            for (key, value) in map {
                texts.push(key.clone());
                collect(value, texts);
            }
        }
        Json::Null | Json::Bool(_) => {}
    }
}

/// What is left of a text without the placeholders, and without the ends of lines.
fn between_placeholders(text: &str, names: &[String]) -> Vec<String> {
    let mut pieces = vec![text.to_owned()];
    for name in names {
        let placeholder = format!("[REDACTED:{name}]");
        pieces = pieces.iter().flat_map(|piece| piece.split(&placeholder)).map(str::to_owned).collect();
    }
    pieces
}

#[derive(EventMetadata)]
#[event("secrets.property.own")]
struct Own<'a> {
    json: &'a Json,
    #[event(debug)]
    debug: &'a Json,
}

#[derive(EventMetadata)]
#[span("secrets.property", stop(seen))]
struct OwnSpan<'a> {
    json: &'a Json,
}

#[tool_call]
fn tool<T: Serialize>(input: T, fails: bool) -> Result<T, String> {
    if fails { Err(serde_json::to_string(&input).unwrap()) } else { Ok(input) }
}

#[agent_span(agent, agent = name)]
async fn agent(name: &str, work: impl Future<Output = ()>) -> Result<(), String> {
    work.await;
    Err(name.to_owned())
}

fn emit_everywhere(shape: &Json, text: &str) {
    Own { json: shape, debug: shape }.emit();
    emit!(compact, duration = std::time::Duration::ZERO, before = 1, after = 1, fields("more" = shape));
    let _ = tool(shape, false);
    let _ = tool(shape, true);
    let _ = tool(text.to_owned(), false);
    in_span!(OwnSpan { json: shape }, fields("text" = text, "debug" = ?text), stop(|_done|); || {
        record!(OwnSpan, seen = text);
    });
    in_span!(sandbox_eval, code = text; || text.to_owned());
    in_span!(llm_turn, model = text, turn = 1, messages = shape, stop(|reply| assistant_message = reply); || text);
    let name = EventName::parse("secrets.property.run").unwrap();
    execute(&name, &BTreeMap::from([(text, shape)]), &BTreeMap::from([(text, shape)])).unwrap();
    let panics = || in_span!(operation, operation = text; || -> () { panic!("{text}") });
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let waits = async { in_span!(operation, operation = text; std::future::pending::<()>()).await };
    futures::executor::block_on(async {
        agent(text, async { assert!(futures::poll!(Box::pin(waits)).is_pending()) }).await.unwrap_err();
    });
}

/// Panics with what it sees, and sees no secret: so nor does the failure event.
fn failing(event: &Event<'_>) {
    panic!("{event:?}");
}

fn quietly() {
    static QUIET: std::sync::Once = std::sync::Once::new();
    QUIET.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.location().is_none_or(|location| !location.file().ends_with("secrets_property.rs")) {
                hook(info);
            }
        }));
    });
}

#[test]
fn no_secret_comes_out() {
    quietly();
    let cases = (secrets(), proptest::collection::vec(shape(), 1..3), placed());
    property::check(20, &cases, |(values, shapes, text)| {
        let names: Vec<String> = (0..values.len()).map(|n| format!("K{n}")).collect();
        let said = Said::default();
        let context = {
            let (all, failures) = (said.clone(), said.clone());
            Context::new()
                .with_handler(event_names!["telemetry.handler.failure"], move |event: &Event<'_>| {
                    failures.hear(event);
                })
                .with_handler(event_names!["**"], failing)
                .with_handler(event_names!["**"], move |event: &Event<'_>| all.hear(event))
        };
        let written = text.write(&values);
        let secrets = Secrets::resolve(names.iter().zip(values.iter().cloned())).unwrap();
        let context = context.with_secrets(secrets).with("note", &written).with(written.clone(), 1);
        let shapes: Vec<Json> = shapes.iter().map(|shape| shape.write(&values)).collect();
        for shape in &shapes {
            context.scope(|| emit_everywhere(shape, &written));
        }
        let mut headers = std::collections::HashMap::new();
        context.inject(&mut headers);
        let said: Vec<String> = std::mem::take(&mut *said.0.lock().unwrap());
        prop_assert!(said.len() > 100);

        // What must not be there: each secret as it is, and in each form.
        let mut marks: Vec<String> = values.clone();
        marks.extend(values.iter().flat_map(|value| FORMS.iter().flat_map(|form| form.marks(value))));
        marks.retain(|mark| mark.len() >= 6);
        // Digits of base64 may stand in lines.
        let without_lines = |text: &String| text.replace("\r\n", "").replace("\\r\\n", "");
        let unlined: Vec<String> = said.iter().map(without_lines).collect();
        for text in said.iter().chain(&unlined).chain(headers.values()) {
            for piece in between_placeholders(text, &names) {
                for mark in &marks {
                    prop_assert!(!piece.contains(mark), "{mark:?} in {piece:?} of {text:?}");
                }
            }
        }
        Ok(())
    });
}

/// What stands around a secret is left as it was.
#[test]
fn text_without_a_secret_is_unchanged() {
    // What begins an encoded form may make one by chance.
    let around = || "[ -~äöü\n]{0,40}".prop_map(|text| text.replace(['\\', '%', '+'], "."));
    let cases = ("[a-z]{6,12}", around(), around());
    property::check(40, &cases, |(value, before, after)| {
        prop_assume!(!before.contains(&value) && !after.contains(&value));
        let seen = Arc::new(Mutex::new(Json::Null));
        let sink = seen.clone();
        let context = Context::new()
            .with_secrets(Secrets::resolve([("K", value.clone())]).unwrap())
            .with_handler(event_names!["condukt.compact.stop"], move |event: &Event<'_>| {
                *sink.lock().unwrap() = event.metadata().get("text").unwrap().to_json();
            });
        let text = format!("{before}{value}{after}");
        context.scope(|| {
            emit!(
                compact,
                duration = std::time::Duration::ZERO,
                before = 1,
                after = 1,
                fields("text" = text)
            );
        });
        prop_assert_eq!(seen.lock().unwrap().clone(), Json::from(format!("{before}[REDACTED:K]{after}")));
        Ok(())
    });
}
