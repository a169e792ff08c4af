//! Whatever an event is made of.

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
        context.with_session_id(TOKEN.1).with_tool_call_id(TOKEN.1).with("note", TOKEN.1).with(TOKEN.1, "x")
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
