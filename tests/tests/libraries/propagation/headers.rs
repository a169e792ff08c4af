//! Context across processes: W3C `traceparent` and `baggage`, in headers, in an MCP request's `_meta`, and in a
//! child process. What comes in is untrusted: bounded, validated, and a bad header is as if it had not come.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde_json::json;
use telemetry_runtime::testing;
use telemetry_runtime::{Context, OwnedEvent, Secrets, TraceId, agent_span, in_span, tool_call};
use tests::{own_process, passes};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tool_call]
fn work() {}

/// The parent and the trace of a span that is opened in what those headers give.
fn opened_under(headers: &HashMap<String, String>) -> OwnedEvent {
    let capture = testing::capture();
    // The capture is the handler; the rest of the context is what came in.
    let there = Context::extract(headers);
    let pattern = telemetry_runtime::event_names!["**"];
    let (sender, seen) = std::sync::mpsc::channel();
    let handler = move |event: &telemetry_runtime::Event<'_>| sender.send(OwnedEvent::from(event)).unwrap();
    there.with_handler(pattern, handler).scope(work);
    drop(capture);
    seen.recv().unwrap()
}

fn headers(traceparent: &str) -> HashMap<String, String> {
    HashMap::from([("traceparent".to_owned(), traceparent.to_owned())])
}

#[test]
fn a_span_is_a_child_of_the_one_that_sent_it() {
    let span = opened_under(&headers(PARENT)).span.unwrap();
    assert_eq!(span.trace_id.to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(span.parent_id.unwrap().to_string(), "b7ad6b7169203331");
}

#[test]
fn a_later_version_may_have_more_and_version_00_may_not() {
    let accepted = |header: &str| opened_under(&headers(header)).span.unwrap().parent_id.is_some();
    assert!(accepted("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-has"));
    assert!(accepted("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"));
    for refused in [
        "",
        "00",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-+1",
        "é0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ] {
        assert!(!accepted(refused), "{refused}");
    }
}

/// What is sent on from a span in what came in with those headers.
fn sent_on(headers: &HashMap<String, String>) -> HashMap<String, String> {
    let capture = testing::capture();
    let mut carrier = HashMap::new();
    let there = Context::extract(headers)
        .with_handler(telemetry_runtime::event_names!["**"], |_: &telemetry_runtime::Event<'_>| {});
    there.scope(|| in_span!(operation, operation = "o"; || Context::current().inject(&mut carrier)));
    drop(capture);
    carrier
}

#[test]
fn tracestate_of_other_vendors_is_passed_on() {
    let mut incoming = headers(PARENT);
    incoming.insert("tracestate".to_owned(), "rojo=00f067aa0ba902b7,congo@v=t61 rcWkgMzE".to_owned());
    assert_eq!(Context::extract(&incoming).trace_state(), Some("rojo=00f067aa0ba902b7,congo@v=t61 rcWkgMzE"));
    let outgoing = sent_on(&incoming);
    assert_eq!(outgoing["tracestate"], incoming["tracestate"]);
    assert!(outgoing["traceparent"].starts_with(&PARENT[..36]));
    // It belongs to the incoming trace: without a trace it is dropped.
    incoming.insert("traceparent".to_owned(), "00-bad".to_owned());
    assert!(!sent_on(&incoming).contains_key("tracestate"));
}

#[test]
fn a_bad_trace_state_is_as_if_it_had_not_come() {
    let long = format!("a={}", "x".repeat(600));
    let many = (0..33).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    for bad in [
        "",
        ",",
        "rojo",
        "=1",
        "Rojo=1",
        "rojo=",
        "rojo=a=b",
        "rojo=ü",
        "ro\tjo=1",
        long.as_str(),
        many.as_str(),
    ] {
        let mut incoming = headers(PARENT);
        incoming.insert("tracestate".to_owned(), bad.to_owned());
        let outgoing = sent_on(&incoming);
        assert!(!outgoing.contains_key("tracestate"), "{bad}");
        assert!(outgoing["traceparent"].starts_with(&PARENT[..36]), "{bad}");
    }
}

#[agent_span(agent)]
fn agent() -> BTreeMap<String, String> {
    let mut carrier = BTreeMap::new();
    Context::current().inject(&mut carrier);
    carrier
}

#[test]
fn headers_carry_the_current_span_its_session_and_the_users_keys() {
    let capture = testing::capture().with_context(|context| {
        context.with("user_id", "ü, 1;=%").with("attempt", 2).with("list", [1]).with("not a token", 1)
    });
    let carrier = capture.scope(agent);
    let start = &capture.events()[0];
    let span = start.span.unwrap();
    assert_eq!(carrier["traceparent"], format!("00-{}-{}-01", span.trace_id, span.id));
    let there = Context::extract(&carrier);
    assert_eq!(there.session_id(), start.get("session_id").unwrap().as_str());
    assert_eq!(there.get("user_id").unwrap(), "ü, 1;=%");
    assert_eq!(there.get("attempt").unwrap(), "2");
    assert!(there.get("list").is_none() && there.get("not a token").is_none());
}

#[test]
fn secrets_do_not_leave_the_process() {
    let secrets = Secrets::resolve([("TOKEN", "s3cr3t-value")]).unwrap();
    let mut carrier = HashMap::new();
    let context = Context::new().with("note", "has s3cr3t-value in it").with_secrets(secrets);
    context.inject(&mut carrier);
    assert!(!format!("{carrier:?}").contains("s3cr3t"), "{carrier:?}");
}

#[test]
fn a_request_s_meta_carries_it() {
    let mut meta = serde_json::Map::new();
    Context::extract(&headers(PARENT)).with("user_id", "u-1").inject(&mut meta);
    assert_eq!(meta["traceparent"], PARENT);
    meta.insert("progressToken".to_owned(), json!(7));
    assert_eq!(Context::extract(&meta).get("user_id").unwrap(), "u-1");
    meta.insert("traceparent".to_owned(), json!(["no", "string"]));
    let mut again = serde_json::Map::new();
    Context::extract(&meta).inject(&mut again);
    assert!(!again.contains_key("traceparent"));
}

#[test]
fn headers_set_no_documented_key_and_no_malformed_session_id() {
    let baggage = |text: &str| HashMap::from([("baggage".to_owned(), text.to_owned())]);
    let start =
        opened_under(&baggage("status=ok,result=fine,agent=root,tool_call_id=x,streaming=true,mine=1"));
    for key in ["status", "result", "agent", "tool_call_id", "streaming"] {
        assert_eq!(start.get(key), None, "{key}");
    }
    assert_eq!(start.get("mine").unwrap(), "1");
    for bad in ["session_id=", "session_id=a%20b", "session_id=%0a", "session_id=%ff"] {
        assert_eq!(Context::extract(&baggage(bad)).session_id(), None, "{bad}");
    }
}

#[test]
fn large_headers_are_not_read() {
    let many: Vec<String> = (0..1000).map(|n| format!("k{n}=v")).collect();
    let context = Context::extract(&HashMap::from([("baggage".to_owned(), many.join(","))]));
    assert!(context.iter().count() <= 64);
    let huge = format!("key={}", "v".repeat(100_000));
    assert_eq!(Context::extract(&HashMap::from([("baggage".to_owned(), huge)])).iter().count(), 0);
    let long = format!("key={},other=1", "v".repeat(2000));
    let context = Context::extract(&HashMap::from([("baggage".to_owned(), long)]));
    assert!(context.get("key").is_none() && context.get("other").is_some());
}

#[test]
fn injected_headers_are_bounded() {
    let context =
        (0..500).fold(Context::new(), |context, n| context.with(format!("key{n}"), "v".repeat(500)));
    let mut carrier = HashMap::new();
    context.inject(&mut carrier);
    assert!(carrier["baggage"].len() <= 8192);
    // What is left out takes no place.
    let lists = (0..64).fold(Context::new(), |context, n| context.with(format!("list{n}"), [n]));
    let context = (0..65).fold(lists, |context, n| context.with(format!("key{n}"), n));
    let mut carrier = HashMap::new();
    context.inject(&mut carrier);
    let members: Vec<&str> = carrier["baggage"].split(',').collect();
    assert_eq!((members.len(), members[0], members[63]), (64, "key0=0", "key63=63"));
}

/// What the child process of [`a_child_process_continues_the_trace`] does.
#[test]
fn child() {
    let Ok(carrier) = std::env::var("TELEMETRY_TEST_CARRIER") else { return };
    let carrier: HashMap<String, String> = serde_json::from_str(&carrier).unwrap();
    println!("event:{}", serde_json::to_string(&opened_under(&carrier)).unwrap());
}

#[test]
fn a_child_process_continues_the_trace() {
    let capture = testing::capture().with_context(|context| context.with("user_id", "u-1"));
    let carrier = capture.scope(agent);
    let carrier = serde_json::to_string(&carrier).unwrap();
    let printed = passes(own_process("propagation::headers::child").env("TELEMETRY_TEST_CARRIER", carrier));
    let line = printed.lines().find_map(|line| line.split_once("event:")).unwrap().1;
    let theirs: OwnedEvent = serde_json::from_str(line).unwrap();
    let ours = &capture.events()[0];
    assert_eq!(theirs.span.unwrap().trace_id, ours.span.unwrap().trace_id);
    assert_eq!(theirs.span.unwrap().parent_id, Some(ours.span.unwrap().id));
    assert_eq!(theirs.get("session_id"), ours.get("session_id"));
    assert_eq!(theirs.get("user_id").unwrap(), "u-1");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_header_does_any_harm(traceparent in ".{0,80}", baggage in ".{0,300}") {
        let carrier = HashMap::from([
            ("traceparent".to_owned(), traceparent),
            ("baggage".to_owned(), baggage),
        ]);
        let context = Context::extract(&carrier);
        prop_assert!(context.iter().count() <= 64);
        let mut again = HashMap::new();
        context.inject(&mut again);
        prop_assert!(again.get("baggage").is_none_or(|baggage| baggage.len() <= 8192));
    }

    #[test]
    fn malformed_headers_do_no_harm(
        version in "[0-9a-f]{1,3}", trace in "[0-9a-fA-F]{30,34}", span in "[0-9a-f]{15,17}", flags in "[0-9a-f]{1,3}",
    ) {
        let header = format!("{version}-{trace}-{span}-{flags}");
        let mut again = HashMap::new();
        Context::extract(&headers(&header)).inject(&mut again);
        if let Some(accepted) = again.get("traceparent") {
            let sent = TraceId::parse(&trace).unwrap().to_string();
            prop_assert!(accepted.contains(&sent) && accepted.contains(&span));
        }
    }

    #[test]
    fn keys_come_back_as_they_were(value in "\\PC{0,200}") {
        let mut carrier = HashMap::new();
        Context::new().with("key", value.clone()).inject(&mut carrier);
        let there = Context::extract(&carrier);
        // White space around a member's value is not part of it, in W3C's grammar; ours is encoded.
        prop_assert_eq!(there.get("key").map(|value| value.to_json()), Some(json!(value)));
    }
}
